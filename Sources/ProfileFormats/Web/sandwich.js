// Callers above, callees below one function, merged over all places where it runs.

class SandwichView {
  /** `on` has the callbacks of `FlameView` except `zoom`, which stays inside of each half. */
  constructor(host, profile, on) {
    this.profile = profile;
    this.title = element("h2", { class: "sandwich-title" });
    this.hint = element("p", { class: "empty" });
    const callers = element("section", { class: "half", "aria-label": "Callers" },
      element("h3", {}, "Callers"));
    const callees = element("section", { class: "half", "aria-label": "Callees" },
      element("h3", {}, "Callees"));
    this.halves = element("div", { class: "halves" }, callers, callees);
    host.append(this.title, this.hint, this.halves);
    this.callers = this.half(callers, on);
    this.callees = this.half(callees, on);
  }

  half(host, on) {
    const view = new FlameView(host, this.profile, {
      ...on,
      zoom: (node) => view.zoom(node === view.zoomed ? view.tree.parent[node] : node),
    });
    return view;
  }

  show(tree, fn, options) {
    const { profile } = this;
    const chosen = fn !== null;
    const found = chosen && profile.occurs[fn] === 1;
    this.title.hidden = !chosen;
    this.halves.hidden = !found;
    this.hint.hidden = found;
    this.hint.textContent = chosen ? "No sample of this event has the function."
      : "Choose a function: click a row of the table, or a frame with the right button.";
    if (!chosen) return;
    const name = shorten(profile.names[fn], 200);
    const callers = callersTree(tree, fn, profile.weigh);
    const callees = calleesTree(tree, fn, profile.weigh);
    this.title.replaceChildren(
      element("i", { class: "dot kind-" + KINDS[profile.kinds[fn]] }), name,
      element("small", {}, this.summary(callees, fn)));
    this.callers.show(callers, { ...options, up: true, label: `Callers of ${name}` });
    this.callees.show(callees, { ...options, up: false, label: `Callees of ${name}` });
  }

  summary(callees, fn) {
    const { profile } = this;
    const module = profile.modules[fn] ? shorten(profile.modules[fn], 80) + " · " : "";
    const share = (side) => formatPercent(profile.share(callees[side][0], side));
    if (profile.isDiff) {
      return `${module}before ${share("first")} · after ${share("second")} of all`;
    }
    const own = profile.share(callees.self(0, "first"), "first");
    return `${module}total ${share("first")} · self ${formatPercent(own)} of all`;
  }
}
