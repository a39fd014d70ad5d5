// What the pages share: finding their parts, the theme, the position, the start.

const byId = (id) => document.getElementById(id);

function preferredTheme() {
  let chosen = null;
  try { chosen = localStorage.getItem("wick-theme"); } catch { /* storage is off */ }
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
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
