// The page: connects state, model and views.

/** Nodes of all trees that are kept; a node takes about 50 bytes. */
const KEPT_NODES = 8_000_000;

class App extends ViewerApp {
  constructor(profile) {
    super(profile, "coverage");
    this.labels = eventLabels(profile.profiles);
    this.state = this.readAddress();
    this.trees = new Map();
    profile.classify(functionTotals(this.treeFor("process", null), profile.names.length));
    this.tooltip = new Tooltip(byId("tooltip"), profile);
    this.menu = new Menu(byId("menu"));
    this.makeViews();
    this.events = new EventTabs(byId("events"), profile, this.labels,
      (index) => this.switchTo(index));
    fillKeys(byId("keys"), byId("events").hidden ? KEYS : [...KEYS, EVENT_KEY]);
    this.fillFacts();
    this.listen();
    this.applyTheme();
    byId("query").value = this.state.query;
    this.render();
  }

  makeViews() {
    const on = {
      point: (tree, node, event, zoomed) => this.tooltip.show(tree, node, event, zoomed),
      menu: (tree, node, event) => this.openMenu(tree.fn[node], event, tree, node),
      say: (tree, node) => this.say(tree, node),
    };
    this.flame = new FlameView(byId("flame"), this.profile, {
      ...on, zoom: (node) => this.zoom(node === this.state.zoom ? this.tree.parent[node] : node),
    });
    this.table = new FunctionTable(byId("table"), this.profile, {
      open: (fn) => this.set({ view: "sandwich", fn }),
      menu: (fn, event) => this.openMenu(fn, event),
      sorted: () => {
        const { column, descending } = this.table.sort;
        this.set({ sort: (descending ? "-" : "") + column }, { quiet: true });
      },
    });
    this.restoreSort();
    this.sandwich = new SandwichView(byId("sandwich"), this.profile, on);
  }

  restoreSort() {
    const column = this.state.sort.replace(/^-/, "");
    if (!this.table.columns.some(({ id }) => id === column)) return;
    this.table.sort = { column, descending: this.state.sort.startsWith("-") };
  }

  readAddress() {
    return readState(location.hash, this.profile.names.length, this.labels);
  }

  /** Shows another event: zoomed into the same frames, if it has them. */
  switchTo(event) {
    if (event === this.state.event) return;
    const { state, tree } = this;
    const path = tree.path(state.zoom).slice(1).map((node) => tree.fn[node]);
    this.profile.select(event);
    const other = this.treeFor(state.group, state.focus);
    const node = other.follow(path);
    this.fillFacts();
    this.set({ event, zoom: other.depth[node] === path.length ? node : 0 });
  }

  /** What the page tells about the profile at hand beside its samples. */
  fillFacts() {
    this.events.show(this.profile.selected);
    this.fillHeader();
    fillPanel(byId("panel"), this.profile);
  }

  /** Trees are made on demand; as many as memory allows are kept, for going back and forth. */
  treeFor(group, focus) {
    const key = [this.profile.selected, group, focus].join("|");
    const known = this.trees.get(key);
    if (known) return known;
    const tree = this.profile.tree(group, focus);
    let nodes = tree.count;
    for (const [old, { count }] of [...this.trees].reverse()) {
      nodes += count;
      if (nodes > KEPT_NODES) this.trees.delete(old);
    }
    this.trees.set(key, tree);
    return tree;
  }

  get totals() {
    this.tree.totals ??= markLargest(
      functionTotals(this.tree, this.profile.names.length), this.profile);
    return this.tree.totals;
  }

  /** Changes the state and shows it; `quiet` changes only the address. */
  set(change, { replace = false, quiet = false } = {}) {
    Object.assign(this.state, change);
    const address = writeState(this.state, this.labels) || location.pathname + location.search;
    history[replace || quiet ? "replaceState" : "pushState"](null, "", address);
    if (!quiet) this.render();
  }

  zoom(node) {
    this.set({ zoom: node });
  }

  render() {
    const { state, profile } = this;
    this.tooltip.hide();
    if (profile.selected !== state.event && !profile.isDiff) {
      profile.select(state.event);
      this.fillFacts();
    }
    this.tree = this.treeFor(state.group, state.focus);
    if (state.zoom >= this.tree.count) state.zoom = 0;
    this.searched = profile.search(state.query);
    for (const view of VIEWS) byId(view).hidden = view !== state.view;
    for (const tab of document.querySelectorAll("[data-view]")) {
      tab.setAttribute("aria-selected", String(tab.dataset.view === state.view));
    }
    byId("group").value = state.group;
    byId("flip").textContent = state.up ? "↑ Flame" : "↓ Icicle";
    fillLegend(byId("legend"), profile, this.palette, state.group);
    byId("no-samples").hidden = this.tree.weight[0] > 0;
    byId("no-samples").textContent = state.focus === null ? "The profile has no samples."
      : "No sample passes through the function.";
    this.renderView();
    this.renderCrumbs();
    this.renderMatched();
  }

  renderView() {
    const { state } = this;
    const matches = this.searched?.matches ?? null;
    const options = { up: state.up, matches, palette: this.palette };
    if (state.view === "table") this.table.show(this.totals, matches);
    if (state.view === "sandwich") this.sandwich.show(this.tree, state.fn, options);
    if (state.view !== "flame") return;
    const label = `Flame graph of ${formatCount(this.tree.count)} frames. The arrow keys move, `
      + "Enter zooms; the table, key t, has the same numbers as text.";
    this.flame.show(this.tree, { ...options, label, zoom: state.zoom });
  }

  renderCrumbs() {
    const { state, profile } = this;
    byId("crumbs").replaceChildren(...(state.view === "flame"
      ? crumbItems(this.tree, profile, state.zoom, (node) => this.zoom(node)) : []));
    if (state.view === "table") {
      byId("crumbs").append(element("li", { class: "note" },
        `${formatCount(this.table.rows.length)} functions`));
    }
    if (state.view === "sandwich" && state.fn !== null) {
      byId("crumbs").append(element("li", { class: "note" },
        "Each half zooms by itself; its widths are shares of the function."));
    }
    const chips = [];
    if (state.focus !== null) {
      const name = shorten(profile.names[state.focus], 60);
      chips.push(element("button", { type: "button", class: "chip",
        "aria-label": `Drop the focus on ${name}`,
        click: () => this.set({ focus: null, zoom: 0 }) }, `Only stacks through ${name} ✕`));
    }
    byId("chips").replaceChildren(...chips);
  }

  renderMatched() {
    const { searched, tree, state } = this;
    const output = byId("matched");
    output.hidden = !searched;
    if (!searched) return;
    const all = tree.matchedWeight(searched.matches);
    const root = tree.weight[0] || 1;
    const parts = [`${formatPercent(all / root)} matched`];
    if (state.view === "flame" && state.zoom > 0) {
      const inside = tree.matchedWeight(searched.matches, state.zoom);
      parts.push(`${formatPercent(inside / tree.weight[state.zoom])} of the zoomed frame`);
    }
    parts.push(`${formatCount(searched.count)} names`);
    if (searched.literal) parts.push("not a regex: searched as text");
    output.textContent = parts.join(" · ");
  }

  fillHeader() {
    const { profile } = this;
    const facts = profile.shown.map(({ facts }) => facts);
    const name = (one) => printable(one.target || one.command || one.host || "Profile");
    const title = profile.isDiff ? `${name(facts[0])} → ${name(facts[1])}` : name(facts[0]);
    const one = facts[0];
    const details = profile.isDiff ? facts.map((side, index) => [
      index === 0 ? "before" : "after", printable(side.host), formatTime(side.start_ms),
    ].filter(Boolean).join(" ")) : [
      printable(one.host), printable(one.event) + (one.frequency ? ` ${one.frequency} Hz` : ""),
      one.duration_ns ? formatDuration(one.duration_ns) : "",
      `${formatCount(profile.total.second)} samples`,
    ];
    byId("title").textContent = shorten(title, 120);
    byId("subtitle").textContent = details.filter(Boolean).join(" · ");
    document.title = `${shorten(title, 80)} · wick`;
    const button = byId("coverage");
    const ledgers = profile.shown.map(({ ledger }) => ledger).filter(({ taken }) => taken > 0);
    const worst = Math.min(1, ...ledgers.map(coverageOf));
    button.textContent = ledgers.length > 0 ? `${formatPercent(worst)} complete` : "Profile";
    button.classList.toggle("low", worst < 0.95);
  }

  listen() {
    this.listenToTools(() => this.restoreSort());
    for (const tab of document.querySelectorAll("[data-view]")) {
      tab.addEventListener("click", () => this.show(tab.dataset.view));
    }
  }

  show(view) {
    const fn = view === "sandwich" && this.state.fn === null ? this.chosen() : this.state.fn;
    this.set({ view, fn });
  }

  /** The function that a key means: that of the frame or row that is pointed at or selected. */
  chosen() {
    const { state } = this;
    if (state.view === "table") return this.table.activeFunction < 0 ? null : this.table.activeFunction;
    const views = state.view === "flame" ? [this.flame]
      : [this.sandwich.callers, this.sandwich.callees];
    for (const view of views) {
      if (view.tree && view.hovered >= 0) return view.tree.fn[view.hovered];
    }
    for (const view of views) {
      if (view.tree && view.selected > 0) return view.tree.fn[view.selected];
    }
    return null;
  }

  openMenu(fn, event, tree = null, node = -1) {
    this.tooltip.hide();
    const name = this.profile.fullNames[fn];
    const actions = [];
    if (tree === this.tree && node >= 0) actions.push(["Zoom into this frame", () => this.zoom(node)]);
    if (fn !== this.profile.rootFunction) {
      actions.push(
        ["Sandwich: its callers and callees", () => this.set({ view: "sandwich", fn })],
        ["Focus: only stacks through it", () => this.focus(fn)]);
    }
    actions.push(
      ["Highlight it everywhere", () => this.searchFor(this.profile.names[fn])],
      ["Copy the name", () => navigator.clipboard?.writeText(name).catch(() => {})]);
    this.menu.show(event, actions);
  }

  focus(fn) {
    this.set({ focus: fn, zoom: 0, view: this.state.view === "sandwich" ? "flame" : this.state.view });
  }

  searchFor(name) {
    const query = "^" + name.slice(0, 900).replace(/[.*+?^${}()|[\]\\/]/g, "\\$&") + "$";
    byId("query").value = query;
    this.set({ query });
  }

  /** Tells the selected frame to screen readers, and to everybody at the foot of the page. */
  say(tree, node) {
    const { profile } = this;
    const fn = tree.fn[node];
    const name = shorten(profile.names[fn], 200);
    const share = (side) => formatPercent(profile.share(tree[side][node], side));
    const value = formatValue(tree.first[node], profile.unit);
    byId("status").textContent = profile.isDiff
      ? `${name} — before ${share("first")}, after ${share("second")}`
      : `${name} — total ${share("first")} (${value}), self ${
        formatPercent(profile.share(tree.self(node, "first"), "first"))}`;
  }

  /** Selects the next (1) or previous (−1) frame that matches, inside of the zoomed frame. */
  nextMatch(step) {
    if (!this.searched || this.state.view !== "flame") return;
    const { tree, flame } = this;
    for (let node = flame.selected + step; node > flame.zoomed && node < tree.end[flame.zoomed];
      node += step) {
      if (this.searched.matches[tree.fn[node]] !== 1) continue;
      byId("flame").querySelector(".overlay").focus({ preventScroll: true });
      flame.select(node);
      return;
    }
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
    if (event.key === "Escape") return this.escape(event);
    if (event.target.closest?.("input, select, textarea")) {
      if (event.key === "Enter") this.flame.overlay.focus({ preventScroll: true });
      return;
    }
    const fn = this.chosen();
    const actions = {
      "/": () => byId("query").select(),
      "?": () => byId("keys").showModal(),
      i: () => this.set({ up: !this.state.up }),
      t: () => this.show(this.state.view === "table" ? "flame" : "table"),
      s: () => this.set({ view: "sandwich", fn: fn ?? this.state.fn }),
      f: () => { if (fn !== null) this.focus(fn); },
      g: () => this.regroup(GROUPS[(GROUPS.indexOf(this.state.group) + 1) % GROUPS.length]),
      e: () => this.events.step(1),
      E: () => this.events.step(-1),
      p: () => this.togglePanel(),
      d: () => this.toggleTheme(),
      n: () => this.nextMatch(1),
      N: () => this.nextMatch(-1),
      Backspace: () => this.zoom(this.tree.parent[this.state.zoom]),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
    this.focusView();
  }

  /** After a key that changes the view, the next keys go to that view. */
  focusView() {
    const active = document.activeElement;
    if (active === byId("query") || byId("keys").open) return;
    if (this.state.view === "table") this.table.scroller.focus({ preventScroll: true });
    if (this.state.view === "flame") this.flame.overlay.focus({ preventScroll: true });
  }

  escape(event) {
    const { state } = this;
    event.preventDefault();
    if (this.menu.isOpen) return this.menu.hide();
    if (!byId("panel").hidden && window.innerWidth < 900) return this.togglePanel();
    if (state.query || byId("query").value) {
      clearTimeout(this.typing);
      byId("query").value = "";
      return this.set({ query: "" });
    }
    byId("query").blur();
    if (state.view !== "flame") return this.set({ view: "flame" });
    if (state.zoom > 0) return this.zoom(0);
    if (state.focus !== null) return this.set({ focus: null, zoom: 0 });
  }
}

startPage((profile) => new App(profile));
