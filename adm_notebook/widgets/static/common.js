// What all widgets share. No imports: this text stands in front of each widget's own.

/** An element; attributes by name (`class`, `aria-*`, `on*` for listeners, `style` as an object), then children.
 *  Text is always a text node: names come from users, and none of them is ever HTML. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, set] of Object.entries(value)) node.style.setProperty(key, set);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** A name that a user gave: isolated from the direction of the text around it, clamped, whole in its title. */
function named(text, tag = "bdi") {
  return el(tag, { class: "adm-clamp", title: String(text).length > 60 ? text : undefined }, text);
}

/** A key as it is drawn on a keyboard. */
function kbd(key) {
  return el("kbd", { class: "adm-kbd" }, key);
}

/** What keys do, from pairs of both. */
function keyList(keys) {
  return el("dl", { class: "adm-keys" }, keys.map(([key, what]) => el("div", {}, el("dt", {}, kbd(key)), el("dd", {}, what))));
}

/** A canvas of this size in CSS pixels, sharp on any screen; its context. */
function sharpened(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Put `children` in the place of what a node holds, only where they differ: focus and selection stay. */
function replace(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child));
}

/** Whose keys JupyterLab leaves alone, in versions that act on keys before they come to a view: the mark is what it asks. */
const OWN_KEYS = "data-lm-suppress-shortcuts";

/** Whether a key in a view is JupyterLab's all the same: Ctrl+S and its like, not what edits text or runs cells. */
function isTheirs(event, view) {
  return view.dataset.keys !== "all" && (event.ctrlKey || event.metaKey) && /^[bd-uw]$/i.test(event.key);
}

/** Take the mark off a view for keys that are JupyterLab's. One listener a page, however many widgets it has. */
function shareKeys() {
  if (globalThis.__admKeys) return;
  globalThis.__admKeys = true;
  window.addEventListener("keydown", (event) => {
    const view = event.target.closest?.(".adm-app");
    if (view) view.toggleAttribute(OWN_KEYS, !isTheirs(event, view));
  }, true);
}

/** The root of a view. Keys that a widget uses stay in it: a notebook acts on letters of its own. */
function root(el_, label, ...children) {
  const node = el("div", { class: "adm adm-app", role: "region", "aria-label": label, [OWN_KEYS]: true }, ...children);
  node.addEventListener("keydown", (event) => isTheirs(event, node) || event.stopPropagation());
  shareKeys();
  el_.replaceChildren(node);
  return node;
}

/** Listen to traits while a view lives; the function returned ends it. */
function listening(model, handlers) {
  for (const [name, handler] of Object.entries(handlers)) model.on(name, handler);
  return () => {
    for (const [name, handler] of Object.entries(handlers)) model.off(name, handler);
  };
}

/** Whether the page is dark, by the same signs as adm.css. */
function isDark() {
  const body = document.body;
  return (
    body.dataset.jpThemeLight === "false" ||
    body.classList.contains("vscode-dark") ||
    document.documentElement.getAttribute("theme") === "dark"
  );
}

/** Tell the kernel which theme the page has, now and when it changes, and draw again then; the function returned ends it. */
function followTheme(model, draw) {
  let last;
  const tell = () => {
    const theme = isDark() ? "dark" : "light";
    if (theme !== last) model.send({ do: "theme", theme });
    last = theme;
  };
  const watched = new MutationObserver(() => { tell(); draw?.(); });
  watched.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  tell();
  return () => watched.disconnect();
}

const MINUS = "\u2212";

/** A number as a view writes it: grouped, with a true minus sign, an infinity or a dash. */
function number(value, digits = 0, sign = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
  if (!Number.isFinite(value)) return value > 0 ? "\u221e" : MINUS + "\u221e";
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const zero = !/[1-9]/.test(text);
  return (zero ? "" : value < 0 ? MINUS : sign ? "+" : "") + text;
}

/** Seconds as people say them: 6 ms, 1.3 s, 2 min 5 s, 1 h 12 min. */
function duration(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Put a code cell below the one that shows this view; false where the front end has no way to. */
function insertBelow(model, host, id, text) {
  const notebook = model.widget_manager?.context?.model, shared = notebook?.sharedModel;
  if (!notebook?.cells || typeof shared?.insertCell !== "function" || notebook.readOnly) return false;
  const shows = (cell) => Array.from({ length: cell.outputs?.length ?? 0 }, (_, i) => cell.outputs.get(i))
    .some((output) => output.data?.["application/vnd.jupyter.widget-view+json"]?.model_id === id);
  const found = Array.from({ length: notebook.cells.length }, (_, i) => i).filter((i) => shows(notebook.cells.get(i)));
  const here = Number(host.closest("[data-windowed-list-index]")?.dataset.windowedListIndex ?? NaN);
  const at = found.includes(here) ? here : (found.at(-1) ?? notebook.cells.length - 1);
  shared.insertCell(at + 1, { cell_type: "code", source: text, metadata: {} });
  return true;
}
