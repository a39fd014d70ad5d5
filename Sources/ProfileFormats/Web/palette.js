// Colours: one hue for each kind of code, three shades of it so that neighbours can be told apart.
// The hues differ in lightness as well, and red-green confusion meets none of their pairs.

const PALETTES = {
  light: {
    page: "#ffffff", text: "#1c1917", quiet: "#78716c", rest: "#f0efee", hover: "#1c1917",
    matchFill: "#7c3aed", matchText: "#ffffff", hatch: ["#d6d3d1", "#a8a29e"],
    kinds: {
      native: ["#f3b562", "#f0a94c", "#f6c07b"], kernel: ["#86b9e8", "#76aee2", "#98c4ed"],
      jit: ["#74c7a5", "#62bd98", "#88d0b2"], interpreted: ["#d6a0d0", "#cd90c6", "#deb1d9"],
      synthetic: ["#ece47a", "#e6dd62", "#f0e98f"],
      mark: ["#d6d3d1", "#d6d3d1", "#d6d3d1"], process: ["#dcd9d5", "#d6d3ce", "#e1dedb"],
      thread: ["#e7e5e4", "#e2e0de", "#ebe9e8"], all: ["#e7e5e4", "#e7e5e4", "#e7e5e4"],
    },
    grew: [214, 69, 65], shrank: [58, 122, 196], same: [232, 230, 227],
  },
  dark: {
    page: "#16181d", text: "#f4f4f5", quiet: "#9ca0ab", rest: "#25282f", hover: "#ffffff",
    matchFill: "#c4b5fd", matchText: "#1e1b2e", hatch: ["#4b505b", "#6b7280"],
    kinds: {
      native: ["#a2622c", "#ab6a32", "#985a27"], kernel: ["#33659a", "#3a6ea6", "#2e5d8f"],
      jit: ["#23724f", "#287c57", "#1f6848"], interpreted: ["#824a7b", "#8c5285", "#784371"],
      synthetic: ["#787025", "#80782a", "#6f6720"],
      mark: ["#4b505b", "#4b505b", "#4b505b"], process: ["#444954", "#494e5a", "#3f444f"],
      thread: ["#373c46", "#3b404b", "#343841"], all: ["#373c46", "#373c46", "#373c46"],
    },
    grew: [200, 62, 60], shrank: [52, 112, 190], same: [62, 66, 76],
  },
};

/** Steps of the colour scale of a comparison, at each side of "no change". */
const CHANGE_STEPS = 8;

class Palette {
  constructor(profile, dark) {
    this.profile = profile;
    this.colors = dark ? PALETTES.dark : PALETTES.light;
    this.shades = Uint8Array.from(profile.names, (name, fn) => shadeOf(name + profile.modules[fn]));
    this.changes = [];
    for (let step = -CHANGE_STEPS; step <= CHANGE_STEPS; step++) {
      this.changes.push(this.changeColor(step / CHANGE_STEPS));
    }
    this.hatch = hatchPattern(this.colors.hatch);
  }

  kindColor(kind) {
    return this.colors.kinds[KINDS[kind]][1];
  }

  changeColor(change) {
    const { grew, shrank, same } = this.colors;
    const target = change >= 0 ? grew : shrank;
    const mix = Math.min(1, Math.abs(change));
    return `rgb(${same.map((from, i) => Math.round(from + (target[i] - from) * mix)).join(" ")})`;
  }

  fill(tree, node) {
    const { profile } = this;
    const fn = tree.fn[node];
    if (profile.kinds[fn] === KIND.mark) return this.hatch;
    if (profile.isDiff) {
      const change = profile.change(tree.first[node], tree.second[node]);
      return this.changes[Math.round(change * CHANGE_STEPS) + CHANGE_STEPS];
    }
    return this.colors.kinds[KINDS[profile.kinds[fn]]][this.shades[fn]];
  }
}

function shadeOf(name) {
  let hash = 2166136261;
  for (let i = 0; i < name.length && i < 200; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  }
  return (hash >>> 8) % 3;
}

/** Diagonal stripes, for stacks that are not whole. */
function hatchPattern([back, stripe]) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const draw = tile.getContext("2d");
  draw.fillStyle = back;
  draw.fillRect(0, 0, 8, 8);
  draw.strokeStyle = stripe;
  draw.lineWidth = 2.4;
  for (const offset of [-8, 0, 8]) {
    draw.beginPath();
    draw.moveTo(offset - 1, 9);
    draw.lineTo(offset + 9, -1);
    draw.stroke();
  }
  return draw.createPattern(tile, "repeat");
}
