// The profile, and the trees and totals that the views show of it.

const KINDS = ["native", "kernel", "jit", "interpreted", "mark", "synthetic",
  "process", "thread", "all"];
const KIND_LABELS = {
  native: "native", kernel: "kernel", jit: "JIT", interpreted: "interpreted",
  mark: "incomplete stack", synthetic: "wait or call", process: "process", thread: "thread",
  all: "everything",
};
const KIND = Object.fromEntries(KINDS.map((name, index) => [name, index]));

class Profile {
  constructor(payload) {
    this.header = payload.header;
    this.isDiff = payload.header.mode === "diff";
    this.nodes = payload.nodes;
    this.everything = payload.samples;
    this.profiles = payload.header.profiles.map(
      (profile) => ({ ...profile, unit: printable(profile.unit) }));
    this.strings = payload.header.strings.map(printable);
    this.adoptFunctions(payload.functions);
    this.adoptThreads(payload.threads);
    this.select(0);
  }

  /** Shows one of the profiles that the page carries, or both sides of a comparison. */
  select(index) {
    this.selected = index;
    this.shown = this.isDiff ? this.profiles : [this.profiles[index]];
    this.use(this.isDiff ? this.everything : this.samplesOf(index), this.profiles[index].unit);
  }

  /** The samples of the profiles stand one after the other. */
  samplesOf(index) {
    const counts = this.profiles.map(({ samples }) => samples ?? this.everything.node.length);
    const start = counts.slice(0, index).reduce((sum, count) => sum + count, 0);
    return Object.fromEntries(Object.entries(this.everything).map(
      ([name, column]) => [name, column.subarray(start, start + counts[index])]));
  }

  /** Shows these samples, whose first values have this unit. */
  use(samples, unit) {
    this.samples = samples;
    this.unit = unit;
    this.present = null;
    this.sum();
    this.findPresent();
  }

  /** Functions of the payload, then one pseudo-function for each reason, process and thread. */
  adoptFunctions(columns) {
    const text = (index) => this.strings[index];
    this.names = Array.from(columns.name, (index) => text(index) || "[unnamed]");
    this.fullNames = Array.from(columns.fullName, (index) => text(index) || "[unnamed]");
    this.modules = Array.from(columns.module, text);
    this.kinds = Array.from(columns.kind, (kind) => (kind < KIND.process ? kind : KIND.native));
    this.functionCount = this.names.length;
    this.rootFunction = this.pseudo("all", KIND.all);
    this.reasonFunctions = this.header.reasons.map((reason) =>
      this.pseudo(`[incomplete: ${printable(reason)}]`, KIND.mark));
  }

  adoptThreads(columns) {
    const processes = new Map();
    const threads = new Map();
    const named = (table, name, kind, module = "") => {
      const key = module + "\u0000" + name;
      if (!table.has(key)) table.set(key, this.pseudo(name, kind, module));
      return table.get(key);
    };
    const count = columns.pid.length;
    this.processOf = new Uint32Array(count);
    this.threadOf = new Uint32Array(count);
    this.pids = columns.pid;
    this.tids = columns.tid;
    this.threadNames = Array.from(columns.name, (index) => this.strings[index]);
    for (let thread = 0; thread < count; thread++) {
      const process = this.strings[columns.process[thread]] || "[unknown process]";
      const name = this.strings[columns.name[thread]] || process;
      const tid = columns.tid[thread];
      this.processOf[thread] = named(processes, process, KIND.process);
      this.threadOf[thread] = named(threads, tid ? `${name} ${tid}` : name, KIND.thread, process);
    }
    this.processCount = processes.size;
  }

  pseudo(name, kind, module = "") {
    this.names.push(name);
    this.fullNames.push(name);
    this.modules.push(module);
    this.kinds.push(kind);
    return this.names.length - 1;
  }

  sum() {
    this.total = { first: 0, second: 0 };
    for (let row = 0; row < this.samples.node.length; row++) {
      this.total.first += this.samples.first[row];
      this.total.second += this.samples.second[row];
    }
    const before = this.total.first || 1;
    const after = this.total.second || 1;
    // A comparison shows the mean of both shares: frames add up, and what is gone stays visible.
    this.weigh = this.isDiff ? (a, b) => (a / before + b / after) / 2 : (a) => a;
  }

  /** Flags the functions, processes, threads and marks that occur in the samples shown. */
  findPresent() {
    const { node, thread, reason } = this.samples;
    const seen = new Uint8Array(this.nodes.fn.length);
    seen[0] = 1;
    this.occurs = new Uint8Array(this.names.length);
    for (let row = 0; row < node.length; row++) {
      for (let at = node[row]; seen[at] === 0; at = this.nodes.parent[at]) {
        seen[at] = 1;
        this.occurs[this.nodes.fn[at]] = 1;
      }
      this.occurs[this.processOf[thread[row]]] = 1;
      this.occurs[this.threadOf[thread[row]]] = 1;
      if (reason[row] > 0) this.occurs[this.reasonFunctions[reason[row] - 1]] = 1;
    }
  }

  /** The kinds of code and marks that occur. */
  presentKinds() {
    const present = new Set([KIND.process, KIND.thread]);
    this.occurs.forEach((occurs, fn) => { if (occurs) present.add(this.kinds[fn]); });
    return present;
  }

  /** The share of everything that a column's value is. */
  share(value, column) {
    return this.total[column] > 0 ? value / this.total[column] : 0;
  }

  /** From −1, gone, over 0, the same share, to 1, new. */
  change(first, second) {
    const before = this.share(first, "first");
    const after = this.share(second, "second");
    const larger = Math.max(before, after);
    return larger > 0 ? (after - before) / larger : 0;
  }

  /** The pseudo-functions in front of the functions of a sample's stack, root first. */
  prefix(row, group) {
    const { thread, reason } = this.samples;
    const prefix = [];
    if (group !== "none") prefix.push(this.processOf[thread[row]]);
    if (group === "thread") prefix.push(this.threadOf[thread[row]]);
    if (reason[row] > 0) prefix.push(this.reasonFunctions[reason[row] - 1]);
    return prefix;
  }

  /**
   * All stacks, grouped by "none", "process" or "thread"; with a focus only those that pass through
   * that function.
   *
   * Samples with the same prefix are taken together; then a node of the payload's tree becomes one
   * node here, remembered in an array that is stamped with the number of the prefix: no hashing.
   */
  tree(group, focus) {
    const { node, first, second } = this.samples;
    const builder = new TreeBuilder(this.rootFunction, this.nodes.fn.length + 64);
    const stamp = new Uint32Array(this.nodes.fn.length);
    const place = new Uint32Array(this.nodes.fn.length);
    const path = [];
    const groups = this.rowsByPrefix(group, focus);
    const bases = groups.map(({ prefix }) => prefix.reduce((at, fn) => builder.child(at, fn), 0));
    groups.forEach(({ rows }, index) => {
      stamp[0] = index + 1;
      place[0] = bases[index];
      for (const row of rows) {
        let at = node[row];
        for (; stamp[at] !== index + 1; at = this.nodes.parent[at]) path.push(at);
        let made = place[at];
        while (path.length > 0) {
          const step = path.pop();
          stamp[step] = index + 1;
          made = place[step] = builder.push(made, this.nodes.fn[step]);
        }
        builder.add(made, first[row], second[row]);
      }
    });
    return builder.finish(this.weigh);
  }

  /** The samples in groups of equal prefix; with a focus only those that pass through it. */
  rowsByPrefix(group, focus) {
    const groups = new Map();
    const through = focus === null ? null : this.nodesThrough(focus);
    for (let row = 0; row < this.samples.node.length; row++) {
      const prefix = this.prefix(row, group);
      if (through && !through[this.samples.node[row]] && !prefix.includes(focus)) continue;
      const key = prefix.join();
      const known = groups.get(key);
      if (known) known.rows.push(row);
      else groups.set(key, { prefix, rows: [row] });
    }
    return [...groups.values()];
  }

  /** For each node of the payload's tree, whether its path passes through a function. */
  nodesThrough(fn) {
    const through = new Uint8Array(this.nodes.fn.length);
    for (let node = 1; node < through.length; node++) {
      through[node] = this.nodes.fn[node] === fn ? 1 : through[this.nodes.parent[node]];
    }
    return through;
  }

  /** A flag for each function whose name, full name or module matches; null without a query. */
  search(query) {
    if (!query) return null;
    const { expression, literal } = searchExpression(query);
    const matches = new Uint8Array(this.names.length);
    let count = 0;
    for (let fn = 0; fn < matches.length; fn++) {
      if (this.kinds[fn] === KIND.all || this.occurs[fn] === 0) continue;
      const label = this.isDiff && this.states ? this.states[fn] : "";
      const found = expression.test(this.names[fn]) || expression.test(this.modules[fn])
        || (this.fullNames[fn] !== this.names[fn] && expression.test(this.fullNames[fn]))
        || (label !== "" && label === query);
      if (found) count++;
      matches[fn] = found ? 1 : 0;
    }
    return { matches, count, literal };
  }

  /** "new" or "gone" for functions that only one side of a comparison has, "" for all others. */
  classify(totals) {
    this.states = new Array(this.names.length).fill("");
    if (!this.isDiff) return;
    for (let fn = 0; fn < this.names.length; fn++) {
      const before = totals.total.first[fn];
      const after = totals.total.second[fn];
      if (before > 0 !== after > 0) this.states[fn] = after > 0 ? "new" : "gone";
    }
  }
}

/** A regular expression, or the text itself where it is none. Small letters match large ones. */
function searchExpression(query) {
  try {
    return { expression: new RegExp(query, "iu"), literal: false };
  } catch {
    const escaped = query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return { expression: new RegExp(escaped, "i"), literal: true };
  }
}

/** Self and total of each function in a tree; a recursive function counts once in a stack. */
function functionTotals(tree, functionCount) {
  const column = () => new Float64Array(functionCount);
  const sides = () => ({ first: column(), second: column(), largest: { first: 0, second: 0 } });
  const totals = { self: sides(), total: sides() };
  const onPath = new Uint32Array(functionCount);
  const open = [];
  for (let node = 0; node < tree.count; node++) {
    while (open.length > 0 && tree.end[open[open.length - 1]] <= node) onPath[tree.fn[open.pop()]]--;
    const fn = tree.fn[node];
    for (const side of ["first", "second"]) {
      const value = tree[side][node];
      if (onPath[fn] === 0) totals.total[side][fn] += value;
      totals.self[side][fn] += value;
      if (node > 0) totals.self[side][tree.fn[tree.parent[node]]] -= value;
    }
    onPath[fn]++;
    open.push(node);
  }
  return totals;
}

/** The largest self and total of any function, for the bars of the table. */
function markLargest(totals, profile) {
  for (const { first, second, largest } of [totals.self, totals.total]) {
    for (let fn = 0; fn < first.length; fn++) {
      if (profile.kinds[fn] >= KIND.process) continue;
      if (first[fn] > largest.first) largest.first = first[fn];
      if (second[fn] > largest.second) largest.second = second[fn];
    }
  }
  return totals;
}

/** The topmost nodes with a function: recursion inside them is part of them. */
function topmost(tree, fn) {
  const nodes = [];
  for (let node = 0; node < tree.count; ) {
    if (tree.fn[node] === fn) {
      nodes.push(node);
      node = tree.end[node];
    } else {
      node++;
    }
  }
  return nodes;
}

/** Who calls a function: its callers as a tree with the function as root. */
function callersTree(tree, fn, weigh) {
  const builder = new TreeBuilder(fn);
  for (const node of topmost(tree, fn)) {
    let made = 0;
    for (let at = node; at !== 0; ) {
      at = tree.parent[at];
      if (at !== 0) made = builder.child(made, tree.fn[at]);
    }
    builder.add(made, tree.first[node], tree.second[node]);
  }
  return builder.finish(weigh);
}

/** What a function calls, merged over all places it is called from. */
function calleesTree(tree, fn, weigh) {
  const builder = new TreeBuilder(fn);
  const place = new Uint32Array(tree.count);
  for (const top of topmost(tree, fn)) {
    for (let node = top; node < tree.end[top]; node++) {
      const made = node === top ? 0 : builder.child(place[tree.parent[node]], tree.fn[node]);
      place[node] = made;
      builder.add(made, tree.self(node, "first"), tree.self(node, "second"));
    }
  }
  return builder.finish(weigh);
}
