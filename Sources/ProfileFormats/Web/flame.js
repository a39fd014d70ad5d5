// A flame graph on a canvas: only what is visible and at least half a pixel wide is laid out.

const ROW_HEIGHT = 20;
const NARROWEST = 0.5;
const TEXT_PADDING = 5;
const FRAME_FONT = '12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';

class FlameView {
  /**
   * `host` gets the canvas; `on` has the callbacks `zoom(node)`, `point(tree, node, event, zoom)`,
   * `menu(tree, node, event)` and `say(tree, node)`.
   */
  constructor(host, profile, on) {
    Object.assign(this, { host, profile, on });
    this.tree = null;
    this.zoomed = 0;
    this.selected = -1;
    this.hovered = -1;
    this.up = false;
    this.matches = null;
    this.palette = null;
    this.textWidths = new Float32Array(profile.names.length);
    this.canvas = element("canvas", { class: "frames" });
    this.overlay = element("canvas", {
      class: "overlay", tabindex: "0", role: "application", "aria-roledescription": "flame graph",
    });
    this.stage = element("div", { class: "stage" }, this.canvas, this.overlay);
    this.spacer = element("div", { class: "spacer" });
    this.scroller = element("div", { class: "scroller" }, this.stage, this.spacer);
    host.append(this.scroller);
    this.listen();
  }

  listen() {
    this.scroller.addEventListener("scroll", () => this.redraw());
    new ResizeObserver(() => this.resize()).observe(this.scroller);
    this.overlay.addEventListener("mousemove", (event) => this.hover(event));
    this.overlay.addEventListener("mouseleave", () => this.leave());
    this.overlay.addEventListener("click", (event) => {
      const node = this.nodeAt(event);
      if (node >= 0) this.on.zoom(node);
    });
    this.overlay.addEventListener("contextmenu", (event) => {
      const node = this.nodeAt(event);
      if (node < 0) return;
      event.preventDefault();
      this.select(node);
      this.on.menu(this.tree, node, event);
    });
    this.overlay.addEventListener("keydown", (event) => this.key(event));
  }

  /** Shows a tree; what is selected and how far it is scrolled stays if the frames stay. */
  show(tree, { up, matches, palette, label, zoom = 0 }) {
    const stays = tree === this.tree && up === this.up && zoom === this.zoomed;
    Object.assign(this, { tree, up, matches, palette });
    this.overlay.setAttribute("aria-label", label);
    if (stays) {
      this.resize();
      return;
    }
    this.hovered = -1;
    this.zoom(zoom);
  }

  zoom(node) {
    this.zoomed = node;
    this.selected = node;
    this.measure();
    this.scroller.scrollTop = this.up ? this.spacer.offsetHeight : 0;
    this.redraw();
  }

  resize() {
    if (!this.tree) return;
    this.measure();
    this.draw();
  }

  /** Sizes the canvas to the window and the scroll range to the depth of what is visible. */
  measure() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.scroller.clientWidth;
    this.height = this.scroller.clientHeight;
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.style.width = this.width + "px";
      canvas.style.height = this.height + "px";
    }
    this.ratio = ratio;
    let deepest = 0;
    this.walk(0, Infinity, (node, row) => { if (row > deepest) deepest = row; });
    this.rows = deepest + 1;
    this.spacer.style.height = Math.max(this.height, this.rows * ROW_HEIGHT + 8) + "px";
    this.depth = Math.max(this.height, this.rows * ROW_HEIGHT + 8);
  }

  /** Calls `visit(node, row, x, width)` for frames, and `rest(row, x, width)` for slivers. */
  walk(firstRow, lastRow, visit, rest) {
    const { tree, zoomed } = this;
    const scale = this.width / (tree.weight[zoomed] || 1);
    const nodes = [zoomed];
    const lefts = [0];
    const base = tree.depth[zoomed];
    while (nodes.length > 0) {
      const node = nodes.pop();
      const left = lefts.pop();
      const row = tree.depth[node] - base;
      if (row >= firstRow) visit(node, row, left, tree.weight[node] * scale);
      if (row >= lastRow) continue;
      let x = left;
      let child = node + 1;
      for (const end = tree.end[node]; child < end; child = tree.end[child]) {
        const width = tree.weight[child] * scale;
        if (width < NARROWEST) break;
        nodes.push(child);
        lefts.push(x);
        x += width;
      }
      if (rest && child < tree.end[node] && row + 1 >= firstRow) {
        const width = left + (tree.weight[node] - tree.selfWeight[node]) * scale - x;
        if (width >= NARROWEST) rest(row + 1, x, width);
      }
    }
  }

  redraw() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  visibleRows() {
    const top = this.scroller.scrollTop;
    const first = Math.floor(top / ROW_HEIGHT) - 1;
    const last = Math.ceil((top + this.height) / ROW_HEIGHT);
    if (!this.up) return [Math.max(0, first), last];
    const rows = this.depth / ROW_HEIGHT;
    return [Math.max(0, Math.floor(rows - last) - 1), Math.ceil(rows - first)];
  }

  rowTop(row) {
    const y = this.up ? this.depth - (row + 1) * ROW_HEIGHT : row * ROW_HEIGHT;
    return y - this.scroller.scrollTop;
  }

  draw() {
    if (!this.tree || this.width === 0) return;
    const { palette } = this;
    const draw = this.canvas.getContext("2d", { alpha: false });
    draw.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    draw.fillStyle = palette.colors.page;
    draw.fillRect(0, 0, this.width, this.height);
    draw.font = FRAME_FONT;
    draw.textBaseline = "middle";
    draw.direction = "ltr";
    const [first, last] = this.visibleRows();
    const labels = [];
    this.walk(first, last, (node, row, x, width) => {
      const y = this.rowTop(row);
      this.fillFrame(draw, node, x, y, width);
      if (width > 28) labels.push([node, x, y, width]);
    }, (row, x, width) => this.drawRest(draw, row, x, width));
    for (const [node, x, y, width] of labels) this.label(draw, node, x, y, width);
    this.drawOverlay();
  }

  /** Frames that are too narrow to show one by one: never a hole, as if nothing were there. */
  drawRest(draw, row, x, width) {
    const y = this.rowTop(row);
    draw.fillStyle = this.palette.colors.rest;
    draw.fillRect(x, y, width > 3 ? width - 1 : width, ROW_HEIGHT - 1);
    const text = ["frames too narrow to show: zoom in", "too narrow", "…"].find(
      (one) => draw.measureText(one).width + 2 * TEXT_PADDING < width);
    if (!text || width < 20) return;
    draw.fillStyle = this.palette.colors.quiet;
    draw.fillText(text, x + TEXT_PADDING, y + ROW_HEIGHT / 2);
  }

  fillFrame(draw, node, x, y, width) {
    const { palette, matches, tree } = this;
    const matched = matches !== null && matches[tree.fn[node]] === 1;
    draw.globalAlpha = matches !== null && !matched ? 0.4 : 1;
    draw.fillStyle = matched ? palette.colors.matchFill : palette.fill(tree, node);
    draw.fillRect(x, y, width > 3 ? width - 1 : Math.max(0.5, width - 0.25), ROW_HEIGHT - 1);
    draw.globalAlpha = 1;
  }

  label(draw, node, x, y, width) {
    const { palette, matches, tree } = this;
    const fn = tree.fn[node];
    const text = this.fit(draw, fn, width - 2 * TEXT_PADDING);
    if (text === "") return;
    const matched = matches !== null && matches[fn] === 1;
    draw.globalAlpha = matches !== null && !matched ? 0.6 : 1;
    draw.fillStyle = matched ? palette.colors.matchText : palette.colors.text;
    if (this.profile.kinds[fn] === KIND.mark && !matched) this.plate(draw, text, x, y);
    draw.fillText(text, x + TEXT_PADDING, y + ROW_HEIGHT / 2);
    draw.globalAlpha = 1;
  }

  /** A plain ground for text on a hatched frame. */
  plate(draw, text, x, y) {
    const fill = draw.fillStyle;
    draw.fillStyle = this.palette.colors.hatch[0];
    draw.fillRect(x + 3, y + 2, draw.measureText(text).width + 4, ROW_HEIGHT - 5);
    draw.fillStyle = fill;
  }

  /** As much of a name as fits, or nothing if that is less than three characters. */
  fit(draw, fn, room) {
    const name = this.profile.names[fn].slice(0, 400);
    let width = this.textWidths[fn];
    if (width === 0) width = this.textWidths[fn] = draw.measureText(name).width;
    if (width <= room) return name;
    const characters = [...name];
    let count = Math.floor((characters.length * room) / width) - 1;
    while (count >= 3) {
      const text = characters.slice(0, count).join("") + "…";
      if (draw.measureText(text).width <= room) return text;
      count--;
    }
    return "";
  }

  /** The place of a node on the screen, or null if it is outside of what is zoomed. */
  box(node) {
    const { tree, zoomed } = this;
    if (node < zoomed || node >= tree.end[zoomed]) return null;
    const scale = this.width / (tree.weight[zoomed] || 1);
    let x = 0;
    for (let at = node; at !== zoomed; at = tree.parent[at]) {
      for (let child = tree.parent[at] + 1; child < at; child = tree.end[child]) {
        x += tree.weight[child] * scale;
      }
    }
    const row = tree.depth[node] - tree.depth[zoomed];
    return { x, y: this.rowTop(row), width: tree.weight[node] * scale };
  }

  drawOverlay() {
    const draw = this.overlay.getContext("2d");
    draw.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    draw.clearRect(0, 0, this.width, this.height);
    draw.strokeStyle = this.palette.colors.hover;
    const focused = document.activeElement === this.overlay;
    for (const [node, line] of [[this.hovered, 1.5], [focused ? this.selected : -1, 2.5]]) {
      const box = node >= 0 ? this.box(node) : null;
      if (!box) continue;
      draw.lineWidth = line;
      draw.strokeRect(
        box.x + line / 2, box.y + line / 2 - 0.5, Math.max(1, box.width - 1 - line),
        ROW_HEIGHT - line);
    }
  }

  /** The node under the pointer, found from the zoomed node downwards, or −1. */
  nodeAt(event) {
    if (!this.tree) return -1;
    const { tree } = this;
    const bounds = this.overlay.getBoundingClientRect();
    const y = event.clientY - bounds.top + this.scroller.scrollTop;
    const row = Math.floor((this.up ? this.depth - y : y) / ROW_HEIGHT);
    const scale = this.width / (tree.weight[this.zoomed] || 1);
    let x = event.clientX - bounds.left;
    let node = this.zoomed;
    for (let step = 0; step < row; step++) {
      let child = node + 1;
      for (; child < tree.end[node]; child = tree.end[child]) {
        const width = tree.weight[child] * scale;
        if (width < NARROWEST) return -1;
        if (x < width) break;
        x -= width;
      }
      if (child >= tree.end[node]) return -1;
      node = child;
    }
    return row >= 0 ? node : -1;
  }

  hover(event) {
    const node = this.nodeAt(event);
    if (node !== this.hovered) {
      this.hovered = node;
      this.drawOverlay();
    }
    this.overlay.style.cursor = node >= 0 ? "pointer" : "default";
    this.on.point(this.tree, node, event, this.zoomed);
  }

  leave() {
    this.hovered = -1;
    if (this.tree) this.drawOverlay();
    this.on.point(this.tree, -1, null, 0);
  }

  select(node) {
    this.selected = node;
    this.reveal(node);
    this.drawOverlay();
    this.on.say(this.tree, node);
  }

  reveal(node) {
    const box = this.box(node);
    if (!box) return;
    if (box.y < 0) this.scroller.scrollTop += box.y - ROW_HEIGHT;
    const below = box.y + ROW_HEIGHT - this.height;
    if (below > 0) this.scroller.scrollTop += below + ROW_HEIGHT;
  }

  key(event) {
    const { tree } = this;
    if (!tree || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.on.zoom(this.selected);
      return;
    }
    const node = this.neighbour(event.key);
    if (node === null) return;
    event.preventDefault();
    if (node >= 0) this.select(node);
  }

  /** Where an arrow key leads: −1 nowhere, null if the key is not one of them. */
  neighbour(key) {
    const { tree } = this;
    const node = Math.max(this.selected, this.zoomed);
    const atTop = node === this.zoomed;
    switch (this.up ? { ArrowUp: "ArrowDown", ArrowDown: "ArrowUp" }[key] ?? key : key) {
      case "ArrowUp": return atTop ? -1 : tree.parent[node];
      case "ArrowDown": return tree.end[node] > node + 1 ? node + 1 : -1;
      case "ArrowRight": {
        const next = tree.end[node];
        return !atTop && next < tree.end[tree.parent[node]] ? next : -1;
      }
      case "ArrowLeft": {
        if (atTop) return -1;
        let before = -1;
        for (let at = tree.parent[node] + 1; at < node; at = tree.end[at]) before = at;
        return before;
      }
      case "Home": return this.zoomed;
      default: return null;
    }
  }
}
