// The panel beside the graph: host, event and ledger, and why stacks are not complete.

const REASONS = {
  "stack-copy-too-short": "The stack is deeper than the copy of it: raise --stack-size.",
  "stack-unreadable": "A page of the stack could not be read.",
  "no-mapping": "An address lies in no known mapping of the process.",
  "no-unwind-info": "No unwind information, and frame pointers lead nowhere.",
  "bad-unwind-info": "The unwind information is malformed or beyond what wick can do.",
  "file-unreadable": "The mapped file could not be opened, or is not the mapped one.",
  "user-stack-not-taken": "The thread ran on, or not again, before its stack could be walked.",
  "copy-ring-full": "The buffer for copies of stacks had no room.",
  "copy-rate-limited": "More stacks needed a copy than the budget allows.",
  "mapping-changed": "Other code was loaded at an address of the stack meanwhile.",
  "bad-frame": "A step would not move towards the start of the stack.",
  "too-many-frames": "The stack reached the limit of frames.",
  "32-bit-process": "A 32-bit program, which this version does not unwind.",
  "no-user-registers": "The kernel gave no user registers of the thread.",
  "ring-full": "The buffer between kernel and wick had no room.",
  "no-scratch-memory": "The kernel's side had no memory to put the sample together.",
  "stack-missed": "The frames were sent once and missed; they are sent again.",
  "malformed-record": "The record could not be decoded.",
  "stack-table-full": "The profile reached its limit of distinct stacks.",
  "held-table-full": "More sampled allocations were not freed than are remembered.",
  "window-overrun": "The window came while others still waited to be written.",
  "not-stored": "The profile could not be written where profiles are kept.",
};

function coverageOf(ledger) {
  return ledger.taken > 0 ? ledger.complete / ledger.taken : 1;
}

function fillPanel(host, profile) {
  host.replaceChildren();
  profile.shown.forEach((one, index) => {
    if (profile.isDiff) host.append(element("h2", {}, index === 0 ? "Before" : "After"));
    const total = index === 0 ? profile.total.first : profile.total.second;
    host.append(factList(one, total), ledgerSection(one.ledger));
    if (one.ledger.spans) host.append(spanSection(one, total));
  });
}

/** `total` is null where there is no sum that means anything. */
function factList(one, total) {
  const { facts } = one;
  const rows = [
    ["Target", facts.target], ["Host", facts.host],
    ["Kernel", [facts.kernel, facts.architecture].filter(Boolean).join(" ")],
    ["CPUs", facts.cpus || ""], ["Event", facts.event],
    ["Frequency", facts.frequency ? facts.frequency + " Hz per CPU" : ""],
    ["Started", formatTime(facts.start_ms)],
    ["Duration", facts.duration_ns ? formatDuration(facts.duration_ns) : ""],
    ["Measured", total === null ? "" : `${formatValue(total, one.unit)} of ${printable(one.type)}`],
    ["Command", facts.command], ["wick", facts.version],
  ];
  const list = element("dl");
  for (const [label, value] of rows) {
    if (value === "" || value === undefined) continue;
    list.append(element("dt", {}, label), element("dd", {}, shorten(printable(String(value)), 400)));
  }
  return list;
}

function ledgerSection(ledger, title = "Samples") {
  const section = element("section", {}, element("h3", {}, title));
  if (ledger.taken === 0) {
    section.append(element("p", { class: "note" }, "The file says nothing about its samples."));
    return section;
  }
  const coverage = coverageOf(ledger);
  const meter = element("i");
  meter.style.width = coverage * 100 + "%";
  section.append(
    element("p", { class: "coverage" }, element("b", {}, formatPercent(coverage)),
      " of the stacks are complete"),
    element("div", { class: "meter" }, meter),
    ledgerTable(ledger));
  if (ledger.frame_pointer > 0) {
    section.append(element("p", { class: "note" },
      `${formatCount(ledger.frame_pointer)} samples used frame pointers for some steps.`));
  }
  return section;
}

/** What the samples were taken of: waits, calls, faults; all are counted, not all are sampled. */
function spanSection(one, total) {
  const { spans } = one.ledger;
  const seconds = one.facts.duration_ns / 1e9;
  const rate = seconds > 0 ? ` (${formatCount(spans.count / seconds)} a second)` : "";
  const share = spans.count > 0 ? ` (${formatPercent(spans.sampled / spans.count)})` : "";
  const rows = [
    ["Happened", formatCount(spans.count) + rate], ["Their sum", formatValue(spans.value, one.unit)],
    ["Sampled", formatCount(spans.sampled) + share],
    ["Estimated sum", formatValue(total, one.unit)],
    ["Not measured", spans.unmeasured > 0 ? formatCount(spans.unmeasured) : ""],
  ];
  const list = element("dl", { class: "spans" });
  for (const [label, value] of rows) {
    if (value) list.append(element("dt", {}, label), element("dd", {}, value));
  }
  const length = formatValue(spans.always_above, one.unit);
  return element("section", {}, element("h3", {}, "Before sampling"), list,
    element("p", { class: "note" }, spans.always_above > 1
      ? `From ${length} on each is sampled; of the shorter ones a share, each of which stands for ${
        length}, so that the sum is right.` : "Each is sampled."));
}

function ledgerTable(ledger) {
  const table = element("table", { class: "ledger" });
  const line = (label, count, style = "", hint = "") => {
    const name = element("th", { scope: "row" }, label);
    if (hint) name.append(element("small", {}, hint));
    table.append(element("tr", { class: style }, name,
      element("td", {}, formatCount(count)),
      element("td", {}, formatPercent(count / ledger.taken))));
  };
  line("Taken", ledger.taken, "sum");
  line("Complete", ledger.complete);
  for (const [title, counts] of [["Partial", ledger.partial], ["Dropped", ledger.dropped]]) {
    const reasons = Object.entries(counts).sort((a, b) => b[1] - a[1]);
    line(title, reasons.reduce((sum, [, count]) => sum + count, 0));
    for (const [reason, count] of reasons) {
      line(printable(reason), count, "reason", REASONS[reason] ?? "");
    }
  }
  return table;
}
