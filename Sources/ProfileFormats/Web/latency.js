// The page of latencies: connects its state, the charts and the flame graph of exemplars.

const LATENCY_KEYS = [
  ["/", "filter the rows"],
  ["r", "go to the table; the arrow keys choose a row"],
  ["h", "go to the histogram; the arrow keys choose a bucket, with Shift all slower ones too"],
  ["m", "go to the heat map; the arrow keys move, Enter chooses"],
  ["v", "go to the flame graph; the arrow keys move, Enter zooms"],
  ["x", "go to the list of exemplars; Enter shows one alone"],
  ["1, 2, 3", "the exemplars of p50, p90, p99 and slower"],
  ["a", "all exemplars of the row"],
  ["l", "counts linear or logarithmic"],
  ["Backspace", "zoom out to the caller"],
  ["Esc", "close, clear the filter, reset the zoom, drop the choice: one at a time"],
  ["i", "flip between icicle (root on top) and flame"],
  ["g", "group by process, thread or nothing"],
  ["p", "host and exemplars"],
  ["d", "light or dark"],
  ["?", "these keys"],
];

class LatencyApp extends ViewerApp {
  constructor(profile) {
    super(profile, "facts");
    profile.sampleWord = "Exemplars";
    profile.classify(null);
    this.latency = profile.header.latency;
    this.intervals = new Intervals(this.latency);
    this.rows = this.latency.rows.map(
      (fields, index) => new LatencyRow(fields, index, this.intervals.count));
    this.state = this.readAddress();
    this.tooltip = new Tooltip(byId("tooltip"), profile);
    this.menu = new Menu(byId("menu"));
    this.makeViews();
    this.fillFacts();
    fillKeys(byId("keys"), LATENCY_KEYS);
    this.listenToTools();
    this.applyTheme();
    byId("query").value = this.state.query;
    this.render();
  }

  makeViews() {
    const say = (text) => { byId("status").textContent = text; };
    const choose = (choice, keys = false) =>
      this.set({ at: null, ...choice, picked: null, zoom: 0 }, { replace: keys });
    this.table = new RowTable(byId("rows"), this.rows, {
      select: (row, keys = false) => this.select(row, {}, keys),
      quantile: (row, rank) => this.select(row,
        { bucket: row.histogram.quantileBucket(rank), above: true }),
      sorted: () => {
        const { column, descending } = this.table.sort;
        this.set({ sort: (descending ? "-" : "") + column }, { replace: true });
      },
    });
    this.histogram = new HistogramView(byId("histogram"), {
      choose: (choice, keys) => choose({ ...choice, at: this.state.at }, keys), say,
      linear: (linear) => this.set({ linear }, { replace: true }),
    });
    this.heatmap = new HeatMapView(byId("heatmap"), this.intervals, {
      choose, say, point: (lines, event) => this.showLines(lines, event),
    });
    this.flame = new FlameView(byId("flame"), this.profile, {
      point: (tree, node, event, zoomed) => this.tooltip.show(tree, node, event, zoomed),
      menu: (tree, node, event) => this.openMenu(tree, node, event),
      say: (tree, node) => say(this.describe(tree, node)),
      zoom: (node) => this.zoom(node === this.state.zoom ? this.tree.parent[node] : node),
    });
    this.empty = element("p", { class: "empty", id: "no-stacks", hidden: "" });
    byId("flame").append(this.empty);
    this.exemplars = new ExemplarList(byId("exemplars"), this.profile, this.latency, {
      pick: (sample, alone) => {
        this.set({ picked: alone ? sample : null, zoom: 0 });
        byId("exemplars").querySelector(`[data-sample="${sample}"]`)?.focus();
      },
    });
  }

  select(row, choice, keys = false) {
    if (!row) return;
    this.set({ row: row.index, bucket: null, above: false, at: null, picked: null, zoom: 0,
      ...choice }, { replace: keys });
  }

  get row() {
    return this.rows[this.state.row] ?? null;
  }

  // State.

  readAddress() {
    const fields = new URLSearchParams(location.hash.replace(/^#/, ""));
    const number = (name, limit, low = 0) => {
      const text = fields.get(name) ?? "";
      const value = /^-?\d{1,9}$/.test(text) ? Number(text) : NaN;
      return value >= low && value < limit ? value : null;
    };
    const group = fields.get("group");
    const row = number("row", this.rows.length) ?? 0;
    const { start = 0, count = 0 } = this.rows[row]?.exemplars ?? {};
    return {
      row, bucket: number("bucket", 257, ZERO_BUCKET), above: fields.get("above") === "1",
      at: number("at", this.intervals.count), picked: number("exemplar", start + count, start),
      zoom: number("zoom", 2 ** 30) ?? 0, up: fields.get("up") === "1",
      linear: fields.get("counts") === "linear",
      group: ["process", "thread", "none"].includes(group) ? group : "process",
      query: (fields.get("q") ?? "").slice(0, 1000), sort: fields.get("sort") ?? "",
    };
  }

  writeAddress() {
    const { state } = this;
    const fields = new URLSearchParams();
    if (state.row) fields.set("row", String(state.row));
    if (state.bucket !== null) fields.set("bucket", String(state.bucket));
    if (state.bucket !== null && state.above) fields.set("above", "1");
    if (state.at !== null) fields.set("at", String(state.at));
    if (state.picked !== null) fields.set("exemplar", String(state.picked));
    if (state.zoom) fields.set("zoom", String(state.zoom));
    if (state.group !== "process") fields.set("group", state.group);
    if (state.up) fields.set("up", "1");
    if (state.linear) fields.set("counts", "linear");
    if (state.query) fields.set("q", state.query);
    if (state.sort) fields.set("sort", state.sort);
    const text = fields.toString();
    return text ? "#" + text : location.pathname + location.search;
  }

  set(change, { replace = false } = {}) {
    Object.assign(this.state, change);
    history[replace ? "replaceState" : "pushState"](null, "", this.writeAddress());
    this.render();
  }

  zoom(node) {
    this.set({ zoom: node });
  }

  // Which exemplars.

  /** The numbers of the samples that are exemplars of the selected row, by their bucket. */
  samplesOfRow() {
    const { start, count } = this.row?.exemplars ?? { start: 0, count: 0 };
    return Array.from({ length: count }, (_, index) => start + index);
  }

  bucketOfSample(sample) {
    return bucketOf(this.profile.everything.first[sample]);
  }

  chosenSamples() {
    const { bucket, above, at } = this.state;
    return this.samplesOfRow().filter((sample) => {
      const own = this.bucketOfSample(sample);
      if (bucket !== null && own !== bucket && !(above && own > bucket)) return false;
      return at === null || this.intervals.find(this.latency.exemplar_us[sample]) === at;
    });
  }

  /** The columns of some samples. */
  columns(samples) {
    return Object.fromEntries(Object.entries(this.profile.everything).map(([name, column]) =>
      [name, column.constructor.from(samples, (sample) => column[sample])]));
  }

  // Showing.

  render() {
    const { state, profile, row } = this;
    this.tooltip.hide();
    const column = state.sort.replace(/^-/, "");
    this.table.sort = { column, descending: state.sort.startsWith("-") };
    this.table.show(row, state.query);
    const withExemplars = new Map();
    for (const sample of this.samplesOfRow()) {
      const bucket = this.bucketOfSample(sample);
      withExemplars.set(bucket, (withExemplars.get(bucket) ?? 0) + 1);
    }
    this.withExemplars = withExemplars;
    this.histogram.show(row, { ...state, withExemplars });
    this.heatmap.show(row, { ...state, dark: this.dark, colors: this.palette.colors });
    const chosen = this.chosenSamples();
    this.exemplars.show(chosen, state.picked, row?.unit ?? "");
    this.useSamples(state.picked === null ? chosen : [state.picked]);
    byId("group").value = state.group;
    byId("flip").textContent = state.up ? "↑ Flame" : "↓ Icicle";
    fillLegend(byId("legend"), profile, this.palette, state.group);
    byId("legend").append(element("li", { class: "wide" }, element("i", { class: "exemplar-dot" }),
      "bucket with exemplars"),
    element("li", {}, "width: sum of the exemplars' values"));
    this.renderStacks(chosen);
  }

  /** Makes the tree of these samples, unless it is the one that is shown. */
  useSamples(samples) {
    const key = [this.state.group, this.row?.index, ...samples].join();
    if (key !== this.key) {
      this.key = key;
      this.profile.use(this.columns(samples), this.row?.unit ?? "");
      this.tree = this.profile.tree(this.state.group, null);
    }
    if (this.state.zoom >= this.tree.count) this.state.zoom = 0;
  }

  renderStacks(chosen) {
    const { state, profile, tree, row } = this;
    const count = state.picked === null ? chosen.length : 1;
    const has = tree.count > 1;
    byId("stacks-title").textContent = `Stacks of ${this.choiceText(count)}`;
    this.flame.scroller.hidden = !has;
    this.empty.hidden = has;
    if (!has) this.fillEmpty(row);
    byId("crumbs").replaceChildren(...(state.zoom > 0
      ? crumbItems(tree, profile, state.zoom, (node) => this.zoom(node)) : []));
    const label = `Flame graph of ${formatCount(tree.count)} frames. The arrow keys move, `
      + "Enter zooms.";
    this.flame.show(tree,
      { up: state.up, matches: null, palette: this.palette, label, zoom: state.zoom });
  }

  choiceText(count) {
    const { state, row } = this;
    const parts = [count === 1 ? "1 exemplar" : `${formatCount(count)} exemplars`];
    if (state.bucket !== null && row) {
      const range = state.above
        ? `above ${formatValue(lowerBound(state.bucket), row.unit)}` : bucketLabel(state.bucket, row.unit);
      parts.push(range);
    }
    if (state.at !== null) parts.push(this.intervals.label(state.at));
    return parts.join(", ");
  }

  /** Says why there is no stack, and where the next one is. */
  fillEmpty(row) {
    const { state } = this;
    this.empty.replaceChildren();
    if (!row || this.withExemplars.size === 0) {
      this.empty.append("No exemplar was taken of this row.");
      return;
    }
    this.empty.append("No exemplar was taken here. ");
    const buckets = [...this.withExemplars.keys()];
    const nearest = buckets.sort((a, b) =>
      Math.abs(a - state.bucket) - Math.abs(b - state.bucket) || b - a)[0];
    this.empty.append(element("button", { type: "button", id: "nearest",
      click: () => this.set({ bucket: nearest, above: false, at: null, picked: null, zoom: 0 }) },
    `The nearest: ${bucketLabel(nearest, row.unit)}`));
  }

  describe(tree, node) {
    const { profile } = this;
    return `${shorten(profile.names[tree.fn[node]], 200)} — ${
      formatCount(tree.second[node])} of ${formatCount(profile.total.second)} exemplars, ${
      formatPercent(profile.share(tree.first[node], "first"))} of their time`;
  }

  showLines(lines, event) {
    const host = byId("tooltip");
    this.tooltip.hide();
    if (!lines) return;
    host.replaceChildren(...lines.map((line) => element("p", {}, line)));
    host.hidden = false;
    const { width, height } = host.getBoundingClientRect();
    host.style.left = Math.max(4, Math.min(event.clientX + 14, window.innerWidth - width - 8)) + "px";
    host.style.top = Math.max(4, Math.min(event.clientY + 18, window.innerHeight - height - 4)) + "px";
  }

  openMenu(tree, node, event) {
    this.tooltip.hide();
    const name = this.profile.fullNames[tree.fn[node]];
    this.menu.show(event, [
      ["Zoom into this frame", () => this.zoom(node)],
      ["Copy the name", () => navigator.clipboard?.writeText(name).catch(() => {})],
    ]);
  }

  fillFacts() {
    const { latency, profile } = this;
    const [{ facts, ledger }] = profile.profiles;
    const title = printable(latency.title) || "Latency";
    byId("title").textContent = shorten(title, 120);
    byId("subtitle").textContent = [
      printable(facts.target || facts.command), printable(facts.host),
      facts.duration_ns ? formatDuration(facts.duration_ns) : "", `${formatCount(this.rows.length)} rows`,
      `${formatCount(ledger.taken)} exemplars`,
    ].filter(Boolean).map((text) => shorten(text, 120)).join(" · ");
    document.title = `${shorten(title, 80)} · wick`;
    const list = factList(profile.profiles[0], null);
    const notes = latency.notes.map(
      (note) => element("p", { class: "note" }, shorten(printable(note), 600)));
    byId("panel").replaceChildren(list, ...notes, ledgerSection(ledger, "Exemplars"));
  }

  // Input.

  chooseRank(rank) {
    const bucket = this.row?.histogram.quantileBucket(rank) ?? null;
    this.set({ bucket, above: bucket !== null, at: null, picked: null, zoom: 0 });
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
    if (event.key === "Escape") return this.escape(event);
    if (event.target.closest?.("input, select, textarea")) {
      if (event.key === "Enter") this.table.scroller.focus({ preventScroll: true });
      return;
    }
    const focus = (target) => () => target.focus({ preventScroll: true });
    const { state } = this;
    const groups = ["process", "thread", "none"];
    const actions = {
      "/": () => byId("query").select(),
      "?": () => byId("keys").showModal(),
      r: focus(this.table.scroller), h: focus(this.histogram.drawing),
      m: focus(this.heatmap.canvas), v: focus(this.flame.overlay),
      x: () => byId("exemplars").querySelector("button")?.focus(),
      1: () => this.chooseRank(0.5), 2: () => this.chooseRank(0.9), 3: () => this.chooseRank(0.99),
      a: () => this.set({ bucket: null, above: false, at: null, picked: null, zoom: 0 }),
      l: () => this.set({ linear: !state.linear }, { replace: true }),
      i: () => this.set({ up: !state.up }),
      g: () => this.set({ group: groups[(groups.indexOf(state.group) + 1) % 3], zoom: 0 }),
      p: () => this.togglePanel(),
      d: () => this.toggleTheme(),
      Backspace: () => this.zoom(this.tree.parent[state.zoom]),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }

  escape(event) {
    const { state } = this;
    event.preventDefault();
    if (this.menu.isOpen) return this.menu.hide();
    if (state.query || byId("query").value) {
      clearTimeout(this.typing);
      byId("query").value = "";
      return this.set({ query: "" });
    }
    byId("query").blur();
    if (state.zoom > 0) return this.zoom(0);
    if (state.picked !== null) return this.set({ picked: null });
    if (state.bucket !== null || state.at !== null) {
      this.set({ bucket: null, above: false, at: null });
    }
  }
}

startPage((profile) => new LatencyApp(profile));
