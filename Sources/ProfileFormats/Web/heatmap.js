// The heat map of the selected row: time to the right, slower upwards, darker where more happened.

const HEAT_STEPS = 24;
const HEAT_TOP = 8;
const HEAT_COLORS = {
  light: [[201, 222, 245], [120, 174, 226], [29, 95, 174], [13, 42, 92]],
  dark: [[38, 62, 98], [44, 98, 160], [110, 178, 240], [232, 244, 255]],
};

/** A colour of the scale, from 0, nearly none, to 1, the most. */
function heatColor(share, dark) {
  const colors = HEAT_COLORS[dark ? "dark" : "light"];
  const at = Math.min(1, Math.max(0, share)) * (colors.length - 1);
  const low = Math.min(colors.length - 2, Math.floor(at));
  return `rgb(${colors[low].map((from, i) =>
    Math.round(from + (colors[low + 1][i] - from) * (at - low))).join(" ")})`;
}

class HeatMapView {
  /** `on` has the callbacks `choose({ bucket, at })`, `point(lines, event)` and `say(text)`. */
  constructor(host, intervals, on) {
    Object.assign(this, { host, intervals, on });
    host.hidden = intervals.count < 2;
    this.cursor = null;
    this.scale = element("div", { class: "heat-scale", "aria-hidden": "true" });
    this.canvas = element("canvas", { tabindex: "0", role: "application",
      "aria-roledescription": "heat map" });
    this.stage = element("div", { class: "chart-stage" }, this.canvas);
    host.append(element("div", { class: "chart-head" }, element("h2", {}, "Over time"), this.scale),
      this.stage);
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.canvas.addEventListener("mousemove", (event) => this.hover(event));
    this.canvas.addEventListener("mouseleave", () => this.on.point(null));
    this.canvas.addEventListener("click", (event) => {
      const cell = this.cellAt(event);
      if (cell) this.choose(cell);
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    for (const type of ["focus", "blur"]) this.canvas.addEventListener(type, () => this.draw());
  }

  show(row, { bucket, above, at, dark, colors }) {
    if (row !== this.row) this.cursor = null;
    Object.assign(this, { row, bucket, above, at, dark, colors });
    if (this.host.hidden) return;
    this.largest = 0;
    for (const one of row?.overTime ?? []) {
      if (one && one.largest > this.largest) this.largest = one.largest;
    }
    this.fillScale();
    this.draw();
  }

  fillScale() {
    this.scale.replaceChildren();
    if (this.largest === 0) return;
    this.scale.append("1 ");
    for (let step = 0; step <= 8; step++) {
      const box = element("i");
      box.style.background = heatColor(step / 8, this.dark);
      this.scale.append(box);
    }
    this.scale.append(` ${shortCount(this.largest)}`);
  }

  color(count) {
    const share = this.largest > 1 ? Math.log(count) / Math.log(this.largest) : 1;
    return heatColor(Math.round(share * HEAT_STEPS) / HEAT_STEPS, this.dark);
  }

  get column() {
    return this.plot.width / this.intervals.count;
  }

  get line() {
    return this.plot.height / (this.plot.to - this.plot.from + 1);
  }

  top(bucket) {
    return HEAT_TOP + (this.plot.to - bucket) * this.line;
  }

  draw() {
    const { row, stage, canvas } = this;
    const width = stage.clientWidth;
    const height = stage.clientHeight;
    if (width === 0 || height === 0 || !this.colors) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    const draw = canvas.getContext("2d");
    draw.setTransform(ratio, 0, 0, ratio, 0, 0);
    const range = row && chartRange(row);
    this.plot = range && { width: width - CHART.left - CHART.right - 10,
      height: Math.max(10, height - HEAT_TOP - CHART.bottom), ...range };
    canvas.setAttribute("aria-label", range ? `Heat map of ${formatCount(this.intervals.count)} `
      + "intervals. The arrow keys move, Enter chooses the bucket and interval."
      : "Heat map without values");
    if (!range) return;
    draw.font = '11.5px system-ui, "DejaVu Sans", sans-serif';
    this.drawCells(draw);
    this.drawAxes(draw);
    this.drawChoice(draw);
  }

  get left() {
    return CHART.left + 10;
  }

  drawCells(draw) {
    const { from, to } = this.plot;
    const gap = this.column > 4 ? 1 : 0;
    this.row.overTime.forEach((histogram, at) => {
      if (!histogram) return;
      for (let bucket = from; bucket <= to; bucket++) {
        const count = histogram.count(bucket);
        if (count === 0) continue;
        draw.fillStyle = this.color(count);
        const x = this.left + at * this.column;
        draw.fillRect(x, this.top(bucket), Math.max(0.7, this.column - gap),
          Math.max(1, this.line - (this.line > 4 ? 1 : 0)));
      }
    });
  }

  drawAxes(draw) {
    const { from, to, width, height } = this.plot;
    const bottom = HEAT_TOP + height;
    draw.fillStyle = draw.strokeStyle = this.colors.quiet;
    draw.lineWidth = 1;
    draw.strokeRect(this.left - 0.5, HEAT_TOP - 0.5, width + 1, height + 1);
    draw.textBaseline = "middle";
    draw.textAlign = "right";
    const lowest = lowerBound(Math.max(from, -1));
    const values = axisValues(lowest, upperBound(to), this.row.unit, Math.floor(height / 20));
    for (const value of values) {
      const y = this.top(Math.log2(value) * 4 - 1);
      draw.fillText(formatRound(value, this.row.unit), this.left - 6, y);
      draw.fillRect(this.left - 4, y, 3, 1);
    }
    draw.textBaseline = "alphabetic";
    const marks = Math.max(1, Math.min(this.intervals.count, Math.floor(width / 90)));
    const step = Math.ceil(this.intervals.count / marks);
    for (let at = 0; at < this.intervals.count; at += step) {
      const x = this.left + at * this.column;
      draw.textAlign = at === 0 ? "left" : "center";
      draw.fillRect(x, bottom, 1, 4);
      if (at === 0 || x < this.left + width - 30) {
        draw.fillText(this.intervals.clock(at), x, bottom + 18);
      }
    }
  }

  drawChoice(draw) {
    const { width } = this.plot;
    draw.strokeStyle = this.colors.hover;
    draw.lineWidth = 1.5;
    const x = this.at === null ? this.left : this.left + this.at * this.column;
    const wide = this.at === null ? width : Math.max(2, this.column);
    if (this.bucket !== null && this.bucket >= this.plot.from && this.bucket <= this.plot.to) {
      const top = this.above ? HEAT_TOP : this.top(this.bucket);
      draw.strokeRect(x - 1, top - 1, wide + 1, this.top(this.bucket) + this.line - top + 1);
    } else if (this.at !== null) {
      draw.strokeRect(x - 1, HEAT_TOP - 1, wide + 1, this.plot.height + 1);
    }
    if (this.cursor && document.activeElement === this.canvas) {
      draw.lineWidth = 2.5;
      draw.strokeRect(this.left + this.cursor.at * this.column - 1.5,
        this.top(this.cursor.bucket) - 1.5, this.column + 2, this.line + 2);
    }
  }

  cellAt(event) {
    if (!this.plot) return null;
    const box = this.canvas.getBoundingClientRect();
    const at = Math.floor((event.clientX - box.left - this.left) / this.column);
    const bucket = this.plot.to
      - Math.floor((event.clientY - box.top - HEAT_TOP) / this.line);
    const inside = at >= 0 && at < this.intervals.count && bucket >= this.plot.from
      && bucket <= this.plot.to;
    return inside ? { at, bucket } : null;
  }

  count({ at, bucket }) {
    return this.row.overTime[at]?.count(bucket) ?? 0;
  }

  describe(cell) {
    return [bucketLabel(cell.bucket, this.row.unit), this.intervals.label(cell.at),
      `${formatCount(this.count(cell))} values`];
  }

  hover(event) {
    const cell = this.cellAt(event);
    this.canvas.style.cursor = cell ? "pointer" : "default";
    this.on.point(cell ? this.describe(cell) : null, event);
  }

  choose(cell) {
    const same = cell.at === this.at && cell.bucket === this.bucket && !this.above;
    this.on.choose(same ? { at: null, bucket: null, above: false } : { ...cell, above: false });
  }

  key(event) {
    if (!this.plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const start = { at: this.at ?? 0, bucket: this.bucket ?? this.row.histogram.highest };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(this.cursor ?? start);
      return;
    }
    const move = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!Object.hasOwn(move, event.key)) return;
    event.preventDefault();
    const [across, up] = this.cursor ? move[event.key] : [0, 0];
    const from = this.cursor ?? start;
    this.cursor = {
      at: Math.max(0, Math.min(this.intervals.count - 1, from.at + across)),
      bucket: Math.max(this.plot.from, Math.min(this.plot.to, from.bucket + up)),
    };
    this.on.say(this.describe(this.cursor).join(" · "));
    this.draw();
  }
}

/** When the columns of the heat map begin and end. */
class Intervals {
  constructor({ interval_us, interval_ns }) {
    this.starts = interval_us;
    this.lengths = interval_ns;
    this.count = interval_us.length;
  }

  /** The interval of a moment in microseconds; null where it is in none. */
  find(microseconds) {
    for (let at = this.count - 1; at >= 0; at--) {
      if (microseconds < this.starts[at]) continue;
      const end = at + 1 < this.count ? this.starts[at + 1] : Infinity;
      return microseconds < Math.max(end, this.starts[at] + this.lengths[at] / 1e3) ? at : null;
    }
    return null;
  }

  /** The time of day in UTC. */
  clock(at) {
    const time = formatTime(this.starts[at] / 1e3);
    return time ? time.slice(11, 19) : formatDuration((this.starts[at] - this.starts[0]) * 1e3);
  }

  label(at) {
    return `${this.clock(at)}, ${formatDuration(this.lengths[at])}`;
  }
}
