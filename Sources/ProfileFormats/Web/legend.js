// The meaning of the colours, and the keys.

const KEYS = [
  ["/", "search; n and N go to the next and previous match"],
  ["Click, Enter", "zoom into a frame; on the zoomed frame: back to its caller"],
  ["Right click", "more for a frame: focus, sandwich, copy its name"],
  ["Arrows", "move between frames or rows"],
  ["Backspace", "zoom out to the caller"],
  ["Esc", "close, clear the search, reset the zoom, drop the focus: one at a time"],
  ["f", "focus: keep only stacks through the frame"],
  ["s", "sandwich: callers and callees of the frame"],
  ["t", "table of functions, and back"],
  ["i", "flip between icicle (root on top) and flame"],
  ["g", "group by process, thread or nothing"],
  ["p", "host, event and samples"],
  ["d", "light or dark"],
  ["?", "these keys"],
];

/** What only a page with several profiles has. */
const EVENT_KEY = ["e, E", "the next and the previous event"];

function fillKeys(dialog, keys = KEYS) {
  const list = element("dl");
  for (const [names, text] of keys) {
    list.append(element("dt", {}, ...names.split(", ").map((key) => element("kbd", {}, key))),
      element("dd", {}, text));
  }
  const close = element("button", { type: "button", click: () => dialog.close() }, "Close");
  dialog.append(element("h2", {}, "Keys"), list, close);
}

function fillLegend(host, profile, palette, group) {
  host.replaceChildren();
  if (profile.isDiff) {
    fillChangeLegend(host, palette);
    return;
  }
  const present = new Set(profile.present ??= profile.presentKinds());
  if (group === "none") present.delete(KIND.process);
  if (group !== "thread") present.delete(KIND.thread);
  for (const kind of ["native", "kernel", "jit", "interpreted", "synthetic", "mark", "process",
    "thread"]) {
    if (!present.has(KIND[kind])) continue;
    host.append(element("li", {}, element("i", { class: "dot kind-" + kind }), KIND_LABELS[kind]));
  }
}

function fillChangeLegend(host, palette) {
  const scale = element("li", { class: "scale" }, "gone");
  for (const color of palette.changes) {
    const step = element("i");
    step.style.background = color;
    scale.append(step);
  }
  scale.append("new");
  host.append(scale,
    element("li", {}, "blue: smaller share than before; red: larger; grey: the same"),
    element("li", { class: "wide" }, "width: mean of the share before and after"));
}
