// The histogram of the selected row: one bar for each bucket, on a logarithmic axis of values.

const CHART = { left: 54, right: 14, top: 20, bottom: 30 };
const RANKS = [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]];

/** The buckets that a chart of a row shows: those with values, and two more at each side. */
function chartRange(row) {
  const { lowest, highest } = row.histogram;
  if (lowest === null) return null;
  const from = lowest === ZERO_BUCKET ? ZERO_BUCKET : Math.max(-1, lowest - 2);
  return { from, to: Math.max(highest + 2, from + 7) };
}

class HistogramView {
  /** `on` has the callbacks `choose({ bucket, above })`, `linear(flag)` and `say(text)`. */
  constructor(host, on) {
    this.on = on;
    this.title = element("h2");
    this.note = element("p", { class: "note" });
    this.buttons = element("div", { class: "tools" });
    this.drawing = drawn("svg", { class: "bars", tabindex: "0", role: "application",
      "aria-roledescription": "histogram" });
    this.stage = element("div", { class: "chart-stage" }, this.drawing);
    host.append(element("div", { class: "chart-head" }, this.title, this.buttons), this.note,
      this.stage);
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.drawing.addEventListener("keydown", (event) => this.key(event));
  }

  /** `withExemplars` are the buckets that have exemplars. */
  show(row, { bucket, above, linear, withExemplars }) {
    Object.assign(this, { row, bucket, above, linear, withExemplars });
    this.title.textContent = row ? shorten(row.name, 60) : "";
    const failures = row?.errors > 0 ? ` · ${formatCount(row.errors)} errors: ${failureText(row)}` : "";
    this.note.textContent = row
      ? `${shorten(row.owner, 80)} · ${formatCount(row.count)} in all${failures}` : "";
    this.note.title = this.note.textContent;
    this.fillButtons();
    this.draw();
  }

  fillButtons() {
    const { row } = this;
    this.buttons.replaceChildren();
    if (!row || row.histogram.total === 0) return;
    const choice = (label, hint, bucket) => {
      const pressed = this.bucket === bucket && (bucket === null || this.above);
      return element("button", { type: "button", title: hint, "aria-pressed": String(pressed),
        click: () => this.on.choose({ bucket, above: bucket !== null }) }, label);
    };
    this.buttons.append(choice("all", "All exemplars (a)", null),
      ...RANKS.map(([name, rank], index) => choice(`≥ ${name}`,
        `The exemplars of ${name} and slower (${index + 1})`, row.histogram.quantileBucket(rank))),
      element("button", { type: "button", title: "Counts linear or logarithmic (l)",
        click: () => this.on.linear(!this.linear) }, this.linear ? "linear" : "log"));
  }

  isChosen(bucket) {
    return this.bucket !== null
      && (bucket === this.bucket || (this.above && bucket > this.bucket));
  }

  draw() {
    const { row, stage } = this;
    const width = stage.clientWidth;
    const height = stage.clientHeight;
    if (width === 0 || height === 0) return;
    this.drawing.setAttribute("width", String(width));
    this.drawing.setAttribute("height", String(height));
    this.drawing.replaceChildren();
    const range = row && chartRange(row);
    this.drawing.setAttribute("aria-label", range
      ? "Histogram. The arrow keys choose a bucket, Shift with them adds all slower ones."
      : "Histogram without values");
    if (!range) {
      this.drawing.append(drawn("text", { class: "none", x: String(width / 2),
        y: String(height / 2), "text-anchor": "middle" }, "No values in this row."));
      return;
    }
    this.plot = { width: width - CHART.left - CHART.right,
      height: Math.max(10, height - CHART.top - CHART.bottom), ...range };
    this.drawing.append(this.grid(), this.bars(), this.axis(), this.marks());
  }

  x(bucket) {
    const { from, to, width } = this.plot;
    return CHART.left + ((bucket - from) / (to - from + 1)) * width;
  }

  /** The height of a count; what is not 0 is always visible. */
  size(count) {
    const { largest } = this.row.histogram;
    if (count === 0) return 0;
    const share = this.linear ? count / largest : Math.log1p(count) / Math.log1p(largest);
    return Math.max(2, share * this.plot.height);
  }

  grid() {
    const { largest } = this.row.histogram;
    const bottom = CHART.top + this.plot.height;
    const group = drawn("g", { class: "grid" });
    const values = [];
    if (this.linear) {
      const step = 10 ** Math.floor(Math.log10(largest));
      const fine = largest / step < 3 && step > 1 ? step / 2 : step;
      for (let value = fine; value <= largest; value += fine) values.push(value);
    } else {
      for (let value = 1; value <= largest; value *= 10) values.push(value);
    }
    let last = Infinity;
    for (const value of values) {
      const y = bottom - this.size(value);
      if (last - y < 13) continue;
      last = y;
      group.append(drawn("line", { x1: String(CHART.left), x2: String(CHART.left + this.plot.width),
        y1: y.toFixed(1), y2: y.toFixed(1) }),
      drawn("text", { x: String(CHART.left - 6), y: (y + 4).toFixed(1), "text-anchor": "end" },
        shortCount(value)));
    }
    return group;
  }

  bars() {
    const { from, to, height } = this.plot;
    const group = drawn("g");
    for (let bucket = from; bucket <= to; bucket++) {
      const count = this.row.histogram.count(bucket);
      const left = this.x(bucket);
      const width = this.x(bucket + 1) - left;
      const size = this.size(count);
      const hit = drawn("g", {
        class: "bucket" + (this.isChosen(bucket) ? " chosen" : ""),
        "data-bucket": String(bucket), "data-count": String(count) },
      drawn("title", {}, this.describe(bucket)),
      drawn("rect", { class: "hit", x: left.toFixed(2), y: String(CHART.top),
        width: width.toFixed(2), height: String(height + CHART.bottom) }),
      drawn("rect", { class: "bar", x: left.toFixed(2), y: (CHART.top + height - size).toFixed(2),
        width: Math.max(0.5, width - 1).toFixed(2), height: size.toFixed(2) }));
      if (this.withExemplars.has(bucket)) {
        hit.append(drawn("circle", { class: "exemplar", cx: (left + width / 2 - 0.5).toFixed(2),
          cy: String(CHART.top + height + 5), r: "2.5" }));
      }
      hit.addEventListener("click", (event) => this.click(bucket, event.shiftKey));
      group.append(hit);
    }
    return group;
  }

  describe(bucket) {
    const { histogram, unit } = this.row;
    const count = histogram.count(bucket);
    const exemplars = this.withExemplars.get(bucket) ?? 0;
    return `${bucketLabel(bucket, unit)}: ${formatCount(count)} of ${formatCount(histogram.total)}, `
      + `${formatPercent(count / histogram.total)}; ${exemplars === 1 ? "1 exemplar"
        : `${formatCount(exemplars)} exemplars`}`;
  }

  axis() {
    const { from, to, width, height } = this.plot;
    const { unit } = this.row;
    const y = CHART.top + height;
    const group = drawn("g", { class: "axis" }, drawn("line", {
      x1: String(CHART.left), x2: String(CHART.left + width), y1: String(y), y2: String(y) }));
    const lowest = lowerBound(Math.max(from, -1));
    for (const value of axisValues(lowest, upperBound(to), unit, Math.floor(width / 70))) {
      const x = this.x(Math.log2(value) * 4);
      group.append(drawn("line", { x1: x.toFixed(1), x2: x.toFixed(1), y1: String(y),
        y2: String(y + 10) }),
      drawn("text", { x: x.toFixed(1), y: String(y + 23), "text-anchor": "middle" },
        formatRound(value, unit)));
    }
    return group;
  }

  /** Where the percentiles lie; marks of one bucket share their label. */
  marks() {
    const group = drawn("g", { class: "marks" });
    const places = new Map();
    for (const [name, rank] of RANKS) {
      const bucket = this.row.histogram.quantileBucket(rank);
      places.set(bucket, [...(places.get(bucket) ?? []), name]);
    }
    let free = 0;
    for (const [bucket, names] of places) {
      const x = (this.x(bucket) + this.x(bucket + 1) - 1) / 2;
      const text = names.join(" ");
      const start = Math.max(free, x - text.length * 3.8);
      free = start + text.length * 7.6 + 6;
      group.append(drawn("line", { x1: x.toFixed(1), x2: x.toFixed(1), y1: String(CHART.top - 4),
        y2: String(CHART.top + this.plot.height) }),
      drawn("text", { x: start.toFixed(1), y: String(CHART.top - 7) }, text));
    }
    return group;
  }

  click(bucket, above) {
    const same = bucket === this.bucket && above === this.above;
    this.on.choose(same ? { bucket: null, above: false } : { bucket, above });
  }

  /** Arrows go from one bucket with values to the next. */
  key(event) {
    if (!this.plot || !this.row || event.ctrlKey || event.metaKey || event.altKey) return;
    const { histogram } = this.row;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    let bucket = { Home: histogram.lowest, End: histogram.highest }[event.key];
    if (step) {
      bucket = this.bucket ?? (step > 0 ? this.plot.from - 1 : this.plot.to + 1);
      do bucket += step; while (bucket >= this.plot.from && bucket <= this.plot.to
        && histogram.count(bucket) === 0);
      if (bucket < this.plot.from || bucket > this.plot.to) bucket = this.bucket ?? undefined;
    }
    if (bucket === undefined || bucket === null) return;
    event.preventDefault();
    this.on.choose({ bucket, above: event.shiftKey }, true);
    this.on.say(this.describe(bucket));
  }
}

/** A count in few characters: 12k, 3M. */
function shortCount(count) {
  const [size, name] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].find(([size]) => count >= size)
    ?? [1, ""];
  return String(Math.round((count / size) * 10) / 10) + name;
}

/** A round value of an axis without needless zeros. */
function formatRound(value, unit) {
  return formatValue(value, unit).replace(/\.0+(?=\s|$)/, "");
}
