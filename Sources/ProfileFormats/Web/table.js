// The table of functions: sortable, filtered by the search, and only the visible rows exist.

const TABLE_ROW_HEIGHT = 28;

class FunctionTable {
  /** `on` has the callbacks `open(fn)`, `menu(fn, event)` and `sorted()`. */
  constructor(host, profile, on) {
    Object.assign(this, { profile, on });
    this.columns = profile.isDiff ? diffColumns(profile) : valueColumns(profile);
    this.sort = { column: profile.isDiff ? "delta" : "self", descending: true };
    this.rows = [];
    this.active = 0;
    this.head = element("tr");
    this.body = element("tbody");
    this.above = element("td", { colspan: String(this.columns.length) });
    this.below = element("td", { colspan: String(this.columns.length) });
    this.table = element("table", { class: "functions", "aria-label": "Functions" },
      element("thead", {}, this.head), this.body);
    this.scroller = element("div", { class: "table-scroller", tabindex: "0",
      role: "region", "aria-label": "Table of functions" }, this.table);
    this.empty = element("p", { class: "empty", hidden: "" }, "No function matches.");
    host.append(this.scroller, this.empty);
    this.buildHead();
    this.scroller.addEventListener("scroll", () => this.render());
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.render()).observe(this.scroller);
  }

  buildHead() {
    this.head.replaceChildren(...this.columns.map((column) => element(
      "th", { scope: "col", class: column.class, "data-column": column.id },
      element("button", { type: "button", title: column.hint, click: () => this.sortBy(column.id) },
        column.label, element("span", { class: "arrow", "aria-hidden": "true" })))));
  }

  sortBy(id) {
    const same = this.sort.column === id;
    const firstDown = id !== "name" && id !== "module";
    this.sort = { column: id, descending: same ? !this.sort.descending : firstDown };
    this.arrange();
    this.on.sorted();
  }

  show(totals, matches) {
    this.totals = totals;
    this.matches = matches;
    this.arrange();
  }

  arrange() {
    if (!this.totals) return;
    const { first, second } = this.totals.total;
    const rows = [];
    for (let fn = 0; fn < this.profile.names.length; fn++) {
      if (this.profile.kinds[fn] >= KIND.process) continue;
      if (first[fn] === 0 && second[fn] === 0) continue;
      if (this.matches === null || this.matches[fn] === 1) rows.push(fn);
    }
    const column = this.columns.find(({ id }) => id === this.sort.column) ?? this.columns[0];
    const keys = new Map(rows.map((fn) => [fn, column.key(fn, this.totals)]));
    const direction = this.sort.descending ? -1 : 1;
    const compare = column.class === "name"
      ? (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0)
      : (a, b) => keys.get(a) - keys.get(b);
    rows.sort((a, b) => direction * compare(a, b) || a - b);
    this.rows = rows;
    this.active = 0;
    for (const cell of this.head.children) {
      const sorted = cell.dataset.column === column.id;
      const order = this.sort.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", sorted ? order : "none");
    }
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    this.empty.hidden = rows.length > 0;
    this.scroller.scrollTop = 0;
    this.render();
  }

  render() {
    const height = this.scroller.clientHeight;
    if (!this.totals || height === 0) return;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / TABLE_ROW_HEIGHT) - 4);
    const last = Math.min(this.rows.length, first + Math.ceil(height / TABLE_ROW_HEIGHT) + 8);
    const made = [];
    for (let index = first; index < last; index++) made.push(this.row(index));
    this.above.style.height = first * TABLE_ROW_HEIGHT + "px";
    this.below.style.height = (this.rows.length - last) * TABLE_ROW_HEIGHT + "px";
    this.body.replaceChildren(
      element("tr", { class: "gap", "aria-hidden": "true" }, this.above), ...made,
      element("tr", { class: "gap", "aria-hidden": "true" }, this.below));
  }

  row(index) {
    const fn = this.rows[index];
    const cells = this.columns.map((column) => {
      const cell = element("td", { class: column.class });
      column.fill(cell, fn, this.totals);
      return cell;
    });
    return element("tr", {
      class: index === this.active ? "active" : "",
      "aria-rowindex": String(index + 2),
      "data-function": String(fn),
      click: () => this.on.open(fn),
      contextmenu: (event) => {
        event.preventDefault();
        this.on.menu(fn, event);
      },
    }, ...cells);
  }

  key(event) {
    if (event.target !== this.scroller) return;
    const page = Math.floor(this.scroller.clientHeight / TABLE_ROW_HEIGHT) - 2;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity };
    if (event.key === "Enter" && this.rows.length > 0) {
      event.preventDefault();
      this.on.open(this.rows[this.active]);
    } else if (event.key in steps) {
      event.preventDefault();
      const last = this.rows.length - 1;
      this.active = Math.max(0, Math.min(last, this.active + steps[event.key]));
      const top = this.active * TABLE_ROW_HEIGHT;
      const room = this.scroller.clientHeight - 2 * TABLE_ROW_HEIGHT;
      if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
      if (top > this.scroller.scrollTop + room) this.scroller.scrollTop = top - room;
      this.render();
    }
  }

  /** The function of the active row, or −1. */
  get activeFunction() {
    return this.rows.length > 0 ? this.rows[this.active] : -1;
  }
}

function nameColumn(profile) {
  return {
    id: "name", label: "Function", class: "name", hint: "Sort by name",
    key: (fn) => profile.names[fn].toLowerCase(),
    fill(cell, fn) {
      cell.append(element("i", { class: "dot kind-" + KINDS[profile.kinds[fn]] }));
      if (profile.states[fn]) {
        cell.append(element("span", { class: "state " + profile.states[fn] }, profile.states[fn]));
      }
      cell.append(profile.names[fn].slice(0, 300));
      cell.title = shorten(profile.fullNames[fn], 1000);
    },
  };
}

function moduleColumn(profile) {
  return {
    id: "module", label: "Module", class: "name module", hint: "Sort by module",
    key: (fn) => profile.modules[fn].toLowerCase(),
    fill(cell, fn) { cell.append(profile.modules[fn].slice(0, 200)); },
  };
}

/** A share with a bar behind it; the longest bar is that of `largest`. */
function fillShare(cell, share, largest, text) {
  const bar = element("i", { class: "bar" });
  bar.style.width = `calc((100% - 16px) * ${largest > 0 ? share / largest : 0})`;
  if (share === 0) {
    cell.classList.add("zero");
    cell.append("0");
    return;
  }
  cell.append(bar, element("span", { class: "amount" }, text),
    element("b", {}, formatPercent(share)));
}

function valueColumns(profile) {
  const share = (id, label, hint) => ({
    id, label, class: "number", hint,
    key: (fn, totals) => totals[id].first[fn],
    fill(cell, fn, totals) {
      const value = totals[id].first[fn];
      const largest = profile.share(totals[id].largest.first, "first");
      fillShare(cell, profile.share(value, "first"), largest, formatValue(value, profile.unit));
    },
  });
  return [
    nameColumn(profile), moduleColumn(profile),
    share("self", "Self", "In the function itself"),
    share("total", "Total", "In the function and everything it calls"),
    {
      id: "samples", label: "Samples", class: "number count", hint: "Samples with the function",
      key: (fn, totals) => totals.total.second[fn],
      fill(cell, fn, totals) { cell.append(formatCount(totals.total.second[fn])); },
    },
  ];
}

function diffColumns(profile) {
  const shareOf = (side, which) => (fn, totals) => profile.share(totals[which][side][fn], side);
  const plain = (id, label, which, side, hint) => ({
    id, label, class: "number narrow", hint, key: shareOf(side, which),
    fill(cell, fn, totals) {
      const share = shareOf(side, which)(fn, totals);
      fillShare(cell, share, profile.share(totals[which].largest[side], side), "");
    },
  });
  const delta = (id, label, which, hint) => {
    const change = (fn, totals) =>
      shareOf("second", which)(fn, totals) - shareOf("first", which)(fn, totals);
    return {
      id, label, class: "number delta", hint, key: (fn, totals) => Math.abs(change(fn, totals)),
      fill(cell, fn, totals) {
        const value = change(fn, totals);
        cell.classList.add(value > 0 ? "grew" : value < 0 ? "shrank" : "same");
        cell.append(value === 0 ? "0" : formatPoints(value));
      },
    };
  };
  return [
    nameColumn(profile), moduleColumn(profile),
    plain("self-before", "Self before", "self", "first", "Share of the first profile"),
    plain("self-after", "Self after", "self", "second", "Share of the second profile"),
    delta("delta", "Self Δ", "self", "Change of the share in percentage points; sorts by its size"),
    plain("total-before", "Total before", "total", "first", "Share of the first profile"),
    plain("total-after", "Total after", "total", "second", "Share of the second profile"),
    delta("total-delta", "Total Δ", "total", "Change of the share in percentage points; sorts by its size"),
  ];
}
