// What the page shows, kept in the fragment of its address, so that a link leads to the same view.

const GROUPS = ["process", "thread", "none"];
const VIEWS = ["flame", "table", "sandwich"];

function defaultState() {
  return { view: "flame", zoom: 0, query: "", group: "process", focus: null, fn: null, up: false,
    sort: "", event: 0 };
}

/** `events` are the labels of the profiles between which the page switches. */
function readState(fragment, functionCount, events) {
  const state = defaultState();
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const number = (name, limit) => {
    const text = fields.get(name) ?? "";
    return /^\d{1,9}$/.test(text) && Number(text) < limit ? Number(text) : null;
  };
  state.event = Math.max(0, events.indexOf(fields.get("event") ?? ""));
  if (VIEWS.includes(fields.get("view"))) state.view = fields.get("view");
  if (GROUPS.includes(fields.get("group"))) state.group = fields.get("group");
  state.query = (fields.get("q") ?? "").slice(0, 1000);
  state.zoom = number("zoom", 2 ** 30) ?? 0;
  state.focus = number("focus", functionCount);
  state.fn = number("fn", functionCount);
  state.up = fields.get("up") === "1";
  state.sort = fields.get("sort") ?? "";
  return state;
}

function writeState(state, events) {
  const fields = new URLSearchParams();
  if (state.event > 0) fields.set("event", events[state.event]);
  if (state.view !== "flame") fields.set("view", state.view);
  if (state.group !== "process") fields.set("group", state.group);
  if (state.query) fields.set("q", state.query);
  if (state.zoom) fields.set("zoom", String(state.zoom));
  if (state.focus !== null) fields.set("focus", String(state.focus));
  if (state.fn !== null) fields.set("fn", String(state.fn));
  if (state.up) fields.set("up", "1");
  if (state.sort) fields.set("sort", state.sort);
  const text = fields.toString();
  return text ? "#" + text : "";
}
