// The events that were recorded: one profile each, between which a row of tabs switches.

/**
 * A distinct label for each profile: its event, with CPU time under one name whatever its clock;
 * what was measured, where the event is unknown or two profiles have the same.
 */
function eventLabels(profiles) {
  const labels = [];
  for (const { type, facts } of profiles) {
    const event = type === "cpu" ? type : facts.event;
    const names = [event, type, `${type} ${labels.length + 1}`].map((name) => printable(name));
    labels.push(names.find((name) => name && !labels.includes(name)) ?? String(labels.length + 1));
  }
  return labels;
}

class EventTabs {
  /** `choose(index)` is called when another event is wanted. */
  constructor(host, profile, labels, choose) {
    Object.assign(this, { host, choose });
    host.hidden = profile.isDiff || labels.length < 2;
    if (host.hidden) return;
    this.tabs = labels.map((label, index) => {
      const total = profile.samplesOf(index).first.reduce((sum, value) => sum + value, 0);
      return element("button", {
        type: "button", role: "tab", "data-event": label, click: () => choose(index),
      }, shorten(label, 40),
      element("small", {}, formatValue(total, profile.profiles[index].unit)));
    });
    host.append(...this.tabs);
    host.addEventListener("keydown", (event) => this.key(event));
  }

  show(index) {
    this.selected = index;
    this.tabs?.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
    });
  }

  /** Goes on by some tabs, around at the ends. */
  step(by) {
    if (this.tabs) this.choose((this.selected + by + this.tabs.length) % this.tabs.length);
  }

  key(event) {
    const last = this.tabs.length - 1;
    const { selected } = this;
    const next = { ArrowRight: selected === last ? 0 : selected + 1,
      ArrowLeft: selected === 0 ? last : selected - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.choose(next);
    this.tabs[next].focus();
  }
}
