// The table of what was measured: sortable, filtered, one row is selected.

class RowTable {
  /** `on` has the callbacks `select(row)`, `quantile(row, rank)` and `sorted()`. */
  constructor(host, rows, on) {
    Object.assign(this, { rows, on });
    this.sort = { column: "", descending: true };
    this.selected = null;
    this.columns = rowColumns(rows);
    this.head = element("tr");
    this.body = element("tbody");
    this.table = element("table", { class: "functions latencies", "aria-label": "Latencies" },
      element("thead", {}, this.head), this.body);
    this.scroller = element("div", { class: "table-scroller", tabindex: "0", role: "region",
      "aria-label": "Table of latencies. The arrow keys choose a row." }, this.table);
    this.empty = element("p", { class: "empty", hidden: "" });
    host.append(this.scroller, this.empty);
    this.head.append(...this.columns.map((column) => element(
      "th", { scope: "col", class: column.class, "data-column": column.id },
      column.key ? element("button", { type: "button", title: column.hint,
        click: () => this.sortBy(column.id) }, column.label,
      element("span", { class: "arrow", "aria-hidden": "true" }))
        : element("span", { class: "plain", title: column.hint }, column.label))));
    this.made = rows.map((row) => this.make(row));
    this.scroller.addEventListener("keydown", (event) => this.key(event));
  }

  make(row) {
    return element("tr", { "data-row": String(row.index), click: () => this.on.select(row) },
      ...this.columns.map((column) => {
        const cell = element("td", { class: column.class, "data-column": column.id });
        column.fill(cell, row);
        if (column.rank !== undefined && row.histogram.total > 0) {
          cell.addEventListener("click", (event) => {
            event.stopPropagation();
            this.on.quantile(row, column.rank);
          });
        }
        return cell;
      }));
  }

  sortBy(id) {
    const same = this.sort.column === id;
    const firstDown = id !== "name" && id !== "process";
    this.sort = { column: id, descending: same ? !this.sort.descending : firstDown };
    this.on.sorted();
  }

  /** Shows the rows that match; without a chosen order they stand as in the file. */
  show(selected, query) {
    this.selected = selected;
    const expression = query ? searchExpression(query).expression : null;
    const shown = this.rows.filter((row) => !expression || expression.test(row.name)
      || expression.test(row.owner));
    const column = this.columns.find(({ id, key }) => key && id === this.sort.column);
    if (column) {
      const direction = this.sort.descending ? -1 : 1;
      const keys = new Map(shown.map((row) => [row, column.key(row)]));
      const compare = (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0);
      shown.sort((a, b) => direction * compare(a, b) || a.index - b.index);
    }
    for (const cell of this.head.children) {
      const order = this.sort.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", column && cell.dataset.column === column.id ? order : "none");
    }
    this.shown = shown;
    this.body.replaceChildren(...shown.map((row) => this.made[row.index]));
    this.made.forEach((made, index) => {
      const is = index === selected?.index;
      made.className = is ? "chosen" : "";
      if (is) made.setAttribute("aria-current", "true");
      else made.removeAttribute("aria-current");
    });
    this.empty.textContent = this.rows.length === 0 ? "Nothing was measured." : "No row matches.";
    this.empty.hidden = shown.length > 0;
    this.reveal();
  }

  reveal() {
    const row = this.selected && this.made[this.selected.index];
    if (!row?.isConnected) return;
    const head = this.head.offsetHeight;
    const top = row.offsetTop - head;
    const room = this.scroller.clientHeight - head - row.offsetHeight;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top > this.scroller.scrollTop + room) this.scroller.scrollTop = top - room;
  }

  key(event) {
    if (event.target !== this.scroller || this.shown.length === 0) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / TABLE_ROW_HEIGHT) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    const at = this.shown.indexOf(this.selected) + steps[event.key];
    this.on.select(this.shown[Math.max(0, Math.min(this.shown.length - 1, at))], true);
  }
}

const TABLE_ROW_HEIGHT = 28;

function rowColumns(rows) {
  const low = Math.min(...rows.map(({ histogram }) => histogram.lowest ?? Infinity));
  const high = Math.max(...rows.map(({ histogram }) => histogram.highest ?? -Infinity));
  const value = (id, label, rank, of, hint) => ({
    id, label, rank, class: "number latency", hint, key: (row) => of(row) ?? -1,
    fill(cell, row) {
      const number = of(row);
      if (number === null) cell.classList.add("zero");
      else cell.title = `Show the stacks of what took this long or longer`;
      cell.append(number === null ? "–" : formatValue(number, row.unit));
    },
  });
  const quantile = (id, rank) => value(id, id, rank, (row) => row.quantile(rank),
    `${rank * 100} % of the values are not larger; between the bounds of its bucket, by rank`);
  return [
    { id: "name", label: "Name", class: "name", hint: "Sort by name",
      key: (row) => row.name.toLowerCase(), fill: (cell, row) => fillText(cell, row.name, 200) },
    { id: "process", label: "Process", class: "process", hint: "Sort by process",
      key: (row) => row.owner.toLowerCase(), fill: (cell, row) => fillText(cell, row.owner, 100) },
    { id: "count", label: "Count", class: "number latency", hint: "How often it happened",
      key: (row) => row.count, fill: (cell, row) => cell.append(formatCount(row.count)) },
    { id: "errors", label: "Errors", class: "number latency", hint: "How often it failed",
      key: (row) => row.errors,
      fill(cell, row) {
        cell.append(formatCount(row.errors));
        cell.classList.add(row.errors > 0 ? "grew" : "zero");
        if (row.errors > 0) cell.title = failureText(row);
      } },
    quantile("p50", 0.5), quantile("p90", 0.9), quantile("p99", 0.99),
    value("max", "max", 1, (row) => row.slowest, "The largest value"),
    { id: "shape", label: "Distribution", class: "shape",
      hint: "How often, by value: from fast on the left to slow on the right, the same for all rows",
      fill: (cell, row) => cell.append(shape(row.histogram, low, high)) },
  ];
}

function fillText(cell, text, limit) {
  cell.append(text.slice(0, limit));
  cell.title = shorten(text, 1000);
}

function failureText(row) {
  const failures = [...row.failures].sort((a, b) => b.count - a.count);
  const shown = failures.slice(0, 12).map(({ name, count }) =>
    `${shorten(name, 60)} ${formatCount(count)}`);
  if (failures.length > shown.length) shown.push(`${failures.length - shown.length} more kinds`);
  return shown.join(", ");
}

/** A histogram as small as a word, its heights logarithmic. */
function shape(histogram, low, high) {
  const columns = high - low + 1;
  if (!(columns > 0) || histogram.total === 0) return "";
  const width = 120 / columns;
  let path = "";
  for (let bucket = low; bucket <= high; bucket++) {
    const count = histogram.count(bucket);
    if (count === 0) continue;
    const height = 2 + 16 * Math.log1p(count) / Math.log1p(histogram.largest);
    const x = (bucket - low) * width;
    path += `M${x.toFixed(2)} 18v${-height.toFixed(2)}h${width.toFixed(2)}v${height.toFixed(2)}z`;
  }
  return drawn("svg", { class: "shape", viewBox: "0 0 120 18", width: "120", height: "18",
    "aria-hidden": "true" }, drawn("path", { d: path }));
}

/** An element of a drawing. */
function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
