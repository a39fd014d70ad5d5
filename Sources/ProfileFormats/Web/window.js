// What the pages share: finding their parts, the theme, the position, the start.

const byId = (id) => document.getElementById(id);

function preferredTheme() {
  let chosen = null;
  try { chosen = localStorage.getItem("wick-theme"); } catch { /* storage is off */ }
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/**
 * What the pages do alike. Each has a `state`, which `readAddress()` finds and `set(change)` changes,
 * and `render()`, `press(event)` and a button that shows and hides the panel.
 */
class ViewerApp {
  constructor(profile, panelButton) {
    Object.assign(this, { profile, panelButton, dark: preferredTheme() === "dark" });
  }

  /** Calls `restored()` when another state came from the address. */
  listenToTools(restored = () => {}) {
    byId("query").addEventListener("input", (event) => {
      clearTimeout(this.typing);
      this.typing = setTimeout(
        () => this.set({ query: event.target.value }, { replace: true }), 120);
    });
    byId("group").addEventListener("change", (event) => this.regroup(event.target.value));
    byId("flip").addEventListener("click", () => this.set({ up: !this.state.up }));
    byId(this.panelButton).addEventListener("click", () => this.togglePanel());
    byId("theme").addEventListener("click", () => this.toggleTheme());
    byId("help").addEventListener("click", () => byId("keys").showModal());
    window.addEventListener("popstate", () => {
      this.state = this.readAddress();
      byId("query").value = this.state.query;
      restored();
      this.render();
    });
    document.addEventListener("keydown", (event) => this.press(event));
  }

  regroup(group) {
    this.set({ group, zoom: 0 });
  }

  togglePanel() {
    const panel = byId("panel");
    panel.hidden = !panel.hidden;
    byId(this.panelButton).setAttribute("aria-expanded", String(!panel.hidden));
  }

  toggleTheme() {
    this.dark = !this.dark;
    try { localStorage.setItem("wick-theme", this.dark ? "dark" : "light"); } catch { /* private */ }
    this.applyTheme();
    this.render();
  }

  applyTheme() {
    document.documentElement.dataset.theme = this.dark ? "dark" : "light";
    this.palette = new Palette(this.profile, this.dark);
  }
}

/** The frames from the root to a node, each a button that leads to it. */
function crumbItems(tree, profile, node, go) {
  const path = tree.path(node);
  const shown = path.length > 9 ? [...path.slice(0, 2), -1, ...path.slice(-6)] : path;
  return shown.map((at) => {
    if (at < 0) return element("li", { class: "gap" }, "…");
    const name = shorten(profile.names[tree.fn[at]], 60);
    const current = at === node ? { "aria-current": "location" } : {};
    return element("li", {},
      element("button", { type: "button", ...current, click: () => go(at) }, name));
  });
}

/** Reads what the page carries and shows it; `open(profile)` makes the page's own part. */
async function startPage(open) {
  document.documentElement.dataset.theme = preferredTheme();
  try {
    open(new Profile(await readPayload(byId("payload"))));
    byId("loading").remove();
    byId("payload").remove();
    document.body.dataset.ready = "yes";
  } catch (error) {
    byId("loading").textContent = `This file cannot be shown: ${error.message}`;
    throw error;
  }
}
