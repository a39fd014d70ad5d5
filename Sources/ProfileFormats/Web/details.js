// What appears at the pointer: facts about a frame, and the menu of what can be done with it.

class Tooltip {
  constructor(host, profile) {
    Object.assign(this, { host, profile });
    this.node = -1;
  }

  hide() {
    this.host.hidden = true;
    this.node = -1;
  }

  show(tree, node, event, zoomed) {
    if (node < 0) return this.hide();
    if (node !== this.node || tree !== this.tree || zoomed !== this.zoomed) {
      Object.assign(this, { tree, node, zoomed });
      this.host.replaceChildren(...this.content());
      this.host.hidden = false;
      this.size = this.host.getBoundingClientRect();
    }
    const { width, height } = this.size;
    const x = Math.min(event.clientX + 14, window.innerWidth - width - 8);
    const below = event.clientY + 18;
    const y = below + height > window.innerHeight - 4 ? event.clientY - height - 10 : below;
    this.host.style.left = Math.max(4, x) + "px";
    this.host.style.top = Math.max(4, y) + "px";
  }

  content() {
    const { profile, tree, node } = this;
    const fn = tree.fn[node];
    const kind = element("p", { class: "kind" },
      element("i", { class: "dot kind-" + KINDS[profile.kinds[fn]] }),
      KIND_LABELS[KINDS[profile.kinds[fn]]]);
    if (profile.modules[fn]) kind.append(" · ", shorten(profile.modules[fn], 120));
    const state = profile.states[fn];
    if (state) kind.append(element("span", { class: "state " + state }, state));
    return [
      element("p", { class: "full-name" }, shorten(profile.fullNames[fn], 700)), kind,
      profile.isDiff ? this.diffTable() : this.valueTable(),
    ];
  }

  valueTable() {
    const { profile, tree, node, zoomed } = this;
    const total = tree.first[node];
    const own = tree.self(node, "first");
    const line = (label, value) => element("tr", {}, element("th", { scope: "row" }, label),
      element("td", {}, formatValue(value, profile.unit)),
      element("td", {}, formatPercent(profile.share(value, "first"))));
    const table = element("table", {}, line("Total", total), line("Self", own));
    const row = (label, text) => table.append(element("tr", {},
      element("th", { scope: "row" }, label), element("td", {}), element("td", {}, text)));
    if (zoomed > 0) row("Of the zoomed frame", formatPercent(total / tree.first[zoomed]));
    if (node > 0) row("Of its caller", formatPercent(total / tree.first[tree.parent[node]]));
    row(profile.sampleWord ?? "Samples", formatCount(tree.second[node]));
    return table;
  }

  diffTable() {
    const { profile, tree, node } = this;
    const line = (label, before, after) => {
      const change = profile.share(after, "second") - profile.share(before, "first");
      return element("tr", {}, element("th", { scope: "row" }, label),
        element("td", {}, formatPercent(profile.share(before, "first"))),
        element("td", {}, formatPercent(profile.share(after, "second"))),
        element("td", { class: change > 0 ? "grew" : change < 0 ? "shrank" : "" },
          formatPoints(change)));
    };
    const head = element("tr", {}, element("th"), element("th", { scope: "col" }, "before"),
      element("th", { scope: "col" }, "after"), element("th", { scope: "col" }, "delta"));
    return element("table", {}, head, line("Total", tree.first[node], tree.second[node]),
      line("Self", tree.self(node, "first"), tree.self(node, "second")));
  }
}

class Menu {
  constructor(host) {
    this.host = host;
    document.addEventListener("pointerdown", (event) => {
      if (!host.contains(event.target)) this.hide();
    });
    host.addEventListener("keydown", (event) => this.key(event));
  }

  get isOpen() {
    return !this.host.hidden;
  }

  hide() {
    if (!this.isOpen) return;
    this.host.hidden = true;
    this.before?.focus({ preventScroll: true });
  }

  /** `actions` are pairs of a label and what it does. */
  show(event, actions) {
    this.before = document.activeElement;
    this.host.replaceChildren(...actions.map(([label, act]) => element("button",
      { type: "button", role: "menuitem", click: () => { this.hide(); act(); } }, label)));
    this.host.hidden = false;
    const { width, height } = this.host.getBoundingClientRect();
    this.host.style.left = Math.min(event.clientX, window.innerWidth - width - 8) + "px";
    this.host.style.top = Math.min(event.clientY, window.innerHeight - height - 8) + "px";
    this.host.firstElementChild.focus();
  }

  key(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step) return;
    event.preventDefault();
    document.activeElement[step]?.focus();
  }
}
