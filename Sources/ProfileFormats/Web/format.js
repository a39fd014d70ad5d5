// Numbers and names as people read them.

const grouped = new Intl.NumberFormat("en");

function formatCount(count) {
  return grouped.format(Math.round(count));
}

function formatPercent(share) {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "<0.01%";
  return percent.toFixed(percent >= 99.95 ? 0 : percent >= 10 ? 1 : 2) + "%";
}

/** A change of share, in percentage points. */
function formatPoints(change) {
  const points = change * 100;
  const sign = points > 0 ? "+" : points < 0 ? "−" : "±";
  return sign + Math.abs(points).toFixed(2) + " pp";
}

function formatDuration(nanoseconds) {
  const units = [[3600e9, "h"], [60e9, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "µs"]];
  const [size, name] = units.find(([size]) => nanoseconds >= size) ?? [1, "ns"];
  const value = nanoseconds / size;
  return value.toFixed(value >= 100 || size === 1 ? 0 : value >= 10 ? 1 : 2) + " " + name;
}

/** A value in the unit of its sample type. */
function formatValue(value, unit) {
  if (unit === "nanoseconds") return formatDuration(value);
  if (unit === "count") return formatCount(value);
  if (unit !== "bytes") return formatCount(value) + (unit ? " " + unit : "");
  const units = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];
  const [size, name] = units.find(([size]) => value >= size) ?? [1, "B"];
  return (value / size).toFixed(size === 1 ? 0 : 1) + " " + name;
}

/**
 * A foreign name without characters that are invisible, break lines or turn the direction of the
 * text: those show as \u{…}, so that two names that look the same are the same.
 */
function printable(name) {
  return name.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => "\\u{" + character.codePointAt(0).toString(16) + "}");
}

/** At most `limit` characters of a name. */
function shorten(name, limit) {
  if (name.length <= limit) return name;
  return name.slice(0, limit) + `… (${formatCount(name.length)} characters)`;
}

/** An element with attributes, and children or text; text is never markup. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
