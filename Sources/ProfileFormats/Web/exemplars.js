// The list of exemplars beside their flame graph.

/** More than these are in the flame graph, not in the list. */
const LISTED_EXEMPLARS = 300;

class ExemplarList {
  /** `on` has the callback `pick(sample, alone)`. */
  constructor(host, profile, latency, on) {
    Object.assign(this, { profile, latency, on });
    this.heading = element("h3");
    this.list = element("ul", { "aria-label": "Exemplars, the slowest first" });
    host.append(this.heading, this.list);
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  /** `samples` are numbers of samples; `picked` is one of them or null. */
  show(samples, picked, unit) {
    const values = this.profile.everything.first;
    const ordered = [...samples].sort((a, b) => values[b] - values[a] || a - b);
    const shown = ordered.slice(0, LISTED_EXEMPLARS);
    if (picked !== null && !shown.includes(picked)) shown.push(picked);
    this.heading.textContent = ordered.length > shown.length
      ? `The slowest ${formatCount(shown.length)} of ${formatCount(ordered.length)} exemplars`
      : ordered.length === 1 ? "1 exemplar" : `${formatCount(ordered.length)} exemplars`;
    this.list.replaceChildren(...shown.map((sample) => this.item(sample, sample === picked, unit)));
  }

  item(sample, isPicked, unit) {
    const { profile } = this;
    const { thread, first } = profile.everything;
    const of = thread[sample];
    const process = profile.names[profile.processOf[of]];
    const name = profile.threadNames[of];
    const who = name && name !== process ? `${process} / ${name}` : process;
    const facts = [`pid ${profile.pids[of]} tid ${profile.tids[of]}`];
    const time = formatMoment(this.latency.exemplar_us[sample]);
    if (time) facts.push(time);
    const details = printable(this.latency.exemplar_details[sample] ?? "");
    const button = element("button", { type: "button", "aria-pressed": String(isPicked),
      "data-sample": String(sample), title: "Show its stack alone",
      click: () => this.on.pick(sample, !isPicked) },
    element("b", {}, formatValue(first[sample], unit)), element("span", {}, shorten(who, 60)),
    element("small", {}, facts.join(" · ")));
    if (details) button.append(element("small", { class: "details" }, shorten(details, 300)));
    return element("li", {}, button);
  }

  key(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step) return;
    event.preventDefault();
    document.activeElement.closest("li")?.[step]?.firstElementChild.focus();
  }
}

/** The time of day in UTC, to the millisecond; empty where it is unknown. */
function formatMoment(microseconds) {
  const time = formatTime(microseconds / 1e3);
  if (!time) return "";
  const thousandths = String(Math.floor(microseconds / 1e3) % 1000).padStart(3, "0");
  return `${time.slice(11, 19)}.${thousandths}`;
}
