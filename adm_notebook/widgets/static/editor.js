// The pattern editor: draws what the traits say, and sends what the user does. All edits are Python's.

const ROW = 26; // px; every row has this height, so that a place is found without looking at elements
const MANY = 200; // from here on only the rows in view are in the page
const TH = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
const nth = (at) => TH[at] ?? `number ${at + 1}`;
const GLYPH_WORDS = { "+": "added", "-": "removed", "~": "changed", "↕": "moved" };
const KEYS = [
  ["↑ ↓ Home End", "select"],
  ["← →", "close or go to what is around; open or go inside"],
  ["Alt+↑ ↓", "move among siblings"],
  ["Alt+← →", "move out, move into the one before"],
  ["A", "add: then letters find a container, Enter adds it"],
  ["Delete", "remove"],
  ["F2", "rename"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"],
  ["Ctrl+C, X, V", "copy, cut, paste"],
  ["Enter, Esc", "to the settings, back to the tree"],
  ["N, P", "next, previous problem"],
  ["?", "these keys"],
];

const ASKED = new Set(["look", "try", "check", "export"]); // messages that change nothing
const PATIENCE = 5000; // ms that keys wait for an edit to be answered; a busy kernel may take longer

let views = 0;

/** Rows with their paths, places and what is around them; the pattern itself is the first, its path empty. */
function indexed(rows) {
  const stack = [];
  const items = rows.map(([depth, name, role, kind, wrong, marks], i) => {
    const around = depth ? stack[depth - 1] : null;
    const path = around ? (around.path ? `${around.path}/${name}` : name) : "";
    const item = { i, depth, name, role, kind, wrong, marks, path, around, kids: [], place: around ? around.kids.length : 0 };
    if (around) around.kids.push(item);
    stack[depth] = item;
    return item;
  });
  return { items, byPath: new Map(items.map((item) => [item.path, item])) };
}

function render({ model, el: host }) {
  const id = `pe${++views}-${Math.random().toString(36).slice(2, 7)}`;
  const get = (name) => model.get(name);
  const send = (what, more) => {
    if (!ASKED.has(what)) {
      const since = (waiting = Date.now()); // an edit: until Python has answered, keys wait for what it selects
      setTimeout(() => waiting === since && say("No answer yet: the kernel is busy, or not running", true), PATIENCE);
    }
    model.send({ do: what, ...more });
  };
  let tree = indexed(get("state").rows); // items of the whole pattern
  let shown = []; // those that no closed container hides
  let range = [0, 0]; // of `shown`, what is in the page
  let problem = 0; // number of the problem in the strip
  let sheet = ""; // which sheet is open: keys, compare, save, yaml, config
  let heard = 0; // number of the last `said`
  let checked = {}; // field -> what is wrong with what is typed there
  let drag = null;
  let looking = 0;
  let waiting = 0; // when the edit was sent that has not been answered
  let spoken = 0; // when something was said in the bar below
  let queue = []; // keys that were pressed since

  // ---- skeleton ----
  const title = el("h3", {});
  const about = el("span", { class: "adm-s adm-muted" });
  const button = (words, act, more) => el("button", { type: "button", class: "adm-btn is-quiet", onclick: act, ...more }, words);
  const undo = button("↶ Undo", () => send("undo"), { "aria-keyshortcuts": "Control+Z" });
  const redo = button("↷ Redo", () => send("redo"), { "aria-keyshortcuts": "Control+Shift+Z" });
  const compare = button("Compare", () => open("compare"), { "aria-pressed": "false" });
  const palette = el("ul", { class: "pe-pals", "aria-label": "Containers that can be added" });
  const paletteTitle = el("h4", {});
  const list = el("ul", { class: "adm-tree", role: "tree", tabindex: 0, "aria-keyshortcuts": "A Delete F2 N P" });
  const line = el("div", { class: "pe-line", hidden: true, "aria-hidden": "true" });
  const scroller = el("div", { class: "pe-scroll" }, list, line);
  const side = el("section", { class: "adm-pane pe-side", "aria-label": "Settings" });
  const strip = el("div", { class: "pe-problem", role: "status", hidden: true });
  const sheets = el("section", { class: "pe-sheet", hidden: true });
  const hints = el("span", { class: "adm-grow adm-s adm-muted pe-hints" });
  const exporting = button("Export YAML", () => open("yaml"));
  const use = el("button", { type: "button", class: "adm-btn", onclick: () => act(use, () => open("config")) }, "Use in config");
  const save = el("button", { type: "button", class: "adm-btn is-main", onclick: () => act(save, () => open("save")) }, "Save as…");
  const live = el("div", { class: "adm-sr", role: "status", "aria-live": "polite" });
  const node = root(
    host,
    "Pattern editor",
    el("div", { class: "adm-bar-top" }, el("div", { class: "adm-grow" }, title, about), undo, redo, compare),
    el(
      "div",
      { class: "adm-panes pe-panes" },
      el("section", { class: "adm-pane pe-left", "aria-label": "Add" }, paletteTitle, palette),
      el("section", { class: "adm-pane pe-tree" }, scroller),
      side,
    ),
    strip,
    sheets,
    el("div", { class: "adm-bar-end" }, hints, el("div", { class: "adm-btns" }, exporting, use, save)),
    live,
  );
  node.dataset.keys = "all"; // Ctrl+Z and its like are the editor's, too

  /** Do what a button does, or say why not. */
  function act(which, doing) {
    if (which.getAttribute("aria-disabled") === "true") say(which.title, true);
    else doing();
  }

  // ---- the tree ----
  const selected = () => tree.byPath.get(get("selected")) ?? tree.items[0];
  const folded = () => new Set(get("folded"));

  function unfolded() {
    const closed = folded();
    const found = [];
    for (let i = 0; i < tree.items.length; ) {
      const item = tree.items[i++];
      found.push(item);
      if (item.kids.length && closed.has(item.path)) while (i < tree.items.length && tree.items[i].depth > item.depth) i++;
    }
    return found;
  }

  function flows(item) {
    const kind = get("state").kinds[item.kind];
    if (!kind) return ["", ""];
    const takes = [...kind[0], ...kind[1].map((each) => `${each} if there`)].join(", ");
    const gives = kind[2].join(", ");
    return [`${kind[0].join(", ") || "nothing"} → ${gives}`, `Takes ${takes || "nothing"}. Gives ${gives}. ${kind[3]}`];
  }

  const wrongInside = (item) => item.kids.reduce((sum, kid) => sum + kid.wrong + wrongInside(kid), 0);

  function row(item, closed) {
    const on = item === selected();
    const [brief, whole] = flows(item);
    const open = item.kids.length ? !closed.has(item.path) : undefined;
    const wrong = item.wrong + (open === false ? wrongInside(item) : 0);
    const problems = wrong ? `${wrong} problem${wrong > 1 ? "s" : ""}` : "";
    const marks = item.marks.map(([tone, words]) => el("span", { class: `adm-st pe-${tone}` }, el("bdi", {}, words)));
    const inside = open === false ? `${item.kids.length} inside` : "";
    const words = [item.name, item.role, ...item.marks.map((mark) => mark[1].replace(/^\S /, "")), problems, inside];
    return el(
      "li",
      {
        id: `${id}-${item.i}`, role: "treeitem", "aria-level": String(item.depth + 1), "aria-selected": String(on),
        "aria-posinset": String(item.place + 1), "aria-setsize": String(item.around ? item.around.kids.length : 1),
        "aria-expanded": open === undefined ? undefined : String(open),
        "aria-label": words.filter(Boolean).join(", "), "aria-description": whole || undefined,
      },
      el(
        "div",
        { class: `adm-row${on ? " is-on" : ""}`, style: { "--d": item.depth }, "data-i": String(item.i), title: whole ? `${item.name}: ${whole}` : item.name },
        el("span", { class: "adm-tw", "aria-hidden": "true" }, open === undefined ? "" : open ? "▾" : "▸"),
        el("span", { class: "adm-grow" }, el("b", {}, el("bdi", {}, item.name)), " ", el("span", { class: "adm-muted" }, item.role)),
        brief && el("span", { class: "adm-st pe-flow", "aria-hidden": "true" }, brief),
        inside && el("span", { class: "adm-st" }, inside),
        marks,
        problems && el("span", { class: "adm-st pe-err" }, `✕ ${problems}`),
      ),
    );
  }

  /** The rows in view (all of them below MANY), nested in groups; spacers stand for the others. */
  function drawTree(force = true) {
    const windowed = shown.length >= MANY;
    const first = windowed ? Math.max(Math.floor(scroller.scrollTop / ROW) - 10, 0) : 0;
    const last = windowed ? Math.min(first + Math.ceil((scroller.clientHeight || 520) / ROW) + 20, shown.length) : shown.length;
    if (!force && first === range[0] && last === range[1]) return;
    range = [first, last];
    const closed = folded();
    const outside = [];
    const groups = []; // depth -> the list that rows of this depth go into
    for (const item of shown.slice(first, last)) {
      const li = row(item, closed);
      const home = groups[item.depth];
      if (home) home.append(li);
      else outside.push(li);
      groups.length = item.depth + 1;
      if (item.kids.length && !closed.has(item.path)) {
        groups[item.depth + 1] = el("ul", { role: "group" });
        li.append(groups[item.depth + 1]);
      }
    }
    const space = (rows) => rows > 0 && el("li", { role: "presentation", style: { height: `${rows * ROW}px` } });
    replace(list, space(first), outside, space(shown.length - last));
    list.setAttribute("aria-label", `Containers of ${get("state").name}`);
    list.setAttribute("aria-activedescendant", `${id}-${selected().i}`);
  }

  function intoView() {
    const at = shown.indexOf(selected());
    if (at < 0) return;
    const top = at * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + ROW - scroller.clientHeight;
  }

  function select(item, focus = true) {
    if (!item) return;
    const closed = get("folded").filter((path) => !(path === "" ? item.path : item.path.startsWith(`${path}/`)));
    if (closed.length !== get("folded").length) model.set("folded", closed);
    model.set("selected", item.path);
    model.save_changes();
    if (focus) list.focus({ preventScroll: true });
  }

  function fold(item, close) {
    const closed = folded();
    if (!item.kids.length || closed.has(item.path) === close) return false;
    if (close) closed.add(item.path);
    else closed.delete(item.path);
    model.set("folded", [...closed]);
    if (close && selected().path.startsWith(item.path ? `${item.path}/` : "") && selected() !== item) model.set("selected", item.path);
    model.save_changes();
    return true;
  }

  function move(item, where) {
    const { around } = item;
    if (!around) return;
    const to = (parent, index) => send("move", { path: item.path, parent: parent.path, index });
    if (where === "up" && item.place > 0) to(around, item.place - 1);
    else if (where === "down" && item.place < around.kids.length - 1) to(around, item.place + 1);
    else if (where === "out" && around.around) to(around.around, around.place + 1);
    else if (where === "in" && item.place > 0) to(around.kids[item.place - 1]);
    else say(`${item.name} can't go further ${where}`, true);
  }

  const ACTS = {
    ArrowUp: (item) => select(shown[shown.indexOf(item) - 1]),
    ArrowDown: (item) => select(shown[shown.indexOf(item) + 1]),
    Home: () => select(shown[0]),
    End: () => select(shown.at(-1)),
    PageUp: (item) => select(shown[Math.max(shown.indexOf(item) - 10, 0)]),
    PageDown: (item) => select(shown[Math.min(shown.indexOf(item) + 10, shown.length - 1)]),
    ArrowRight: (item) => fold(item, false) || select(item.kids[0]),
    ArrowLeft: (item) => fold(item, true) || select(item.around),
    "Alt+ArrowUp": (item) => move(item, "up"),
    "Alt+ArrowDown": (item) => move(item, "down"),
    "Alt+ArrowLeft": (item) => move(item, "out"),
    "Alt+ArrowRight": (item) => move(item, "in"),
    Delete: (item) => send("remove", { path: item.path }),
    F2: () => toName(),
    Enter: () => side.querySelector("input, select, textarea")?.focus(),
    a: () => toPalette(),
    n: () => toProblem(1),
    p: () => toProblem(-1),
    "?": () => open("keys"),
    "Ctrl+c": (item) => send("copy", { path: item.path }),
    "Ctrl+x": (item) => send("cut", { path: item.path }),
    "Ctrl+v": (item) => send("paste", { path: item.path }),
  };
  ACTS.Backspace = ACTS.Delete;

  function keyOf(event) {
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${letter}`;
  }

  list.addEventListener("keydown", (event) => {
    const doing = ACTS[keyOf(event)];
    if (!doing) return;
    event.preventDefault();
    inTurn(() => doing(selected()));
  });

  /** Do something now, or when the edits before it are answered: what it is done to may be what they select. */
  function inTurn(doing) {
    if (waiting && Date.now() - waiting < PATIENCE) queue.push(doing);
    else doing();
  }

  function answered() {
    waiting = 0;
    while (queue.length && !waiting) queue.shift()();
  }
  node.addEventListener("keydown", (event) => {
    const field = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    const key = keyOf(event);
    if (event.key === "Escape") {
      if (sheet) open("");
      if (!sheet) list.focus({ preventScroll: true });
    } else if (!field && (key === "Ctrl+z" || key === "Ctrl+y")) inTurn(() => send(event.shiftKey || key === "Ctrl+y" ? "redo" : "undo"));
    else return;
    event.preventDefault();
  });

  const itemAt = (event) => tree.items[event.target.closest?.(".adm-row")?.dataset.i];
  list.addEventListener("click", (event) => {
    const item = itemAt(event);
    if (!item) return;
    if (event.target.closest(".adm-tw")) fold(item, !folded().has(item.path));
    else select(item);
    list.focus({ preventScroll: true });
  });
  list.addEventListener("dblclick", (event) => itemAt(event) && !event.target.closest(".adm-tw") && toName());
  scroller.addEventListener("scroll", () => requestAnimationFrame(() => drawTree(false)));

  // ---- dragging ----
  function starts(event, what, name, fresh) {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const from = [event.clientX, event.clientY];
    const go = (moving) => {
      if (!drag && Math.hypot(moving.clientX - from[0], moving.clientY - from[1]) > 4) {
        drag = { what, name, fresh, key: "" };
        node.classList.add("is-dragging");
      }
      if (drag) over(moving);
    };
    const escape = (event) => event.key === "Escape" && drag && drop(false);
    const end = (ending) => {
      window.removeEventListener("keydown", escape, true);
      window.removeEventListener("pointermove", go);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      if (drag) drop(ending.type === "pointerup");
    };
    window.addEventListener("keydown", escape, true);
    window.addEventListener("pointermove", go);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }
  list.addEventListener("pointerdown", (event) => {
    const item = itemAt(event);
    if (item?.around && !event.target.closest(".adm-tw")) starts(event, item.path, item.name, false);
  });
  node.addEventListener("click", (event) => node.classList.contains("is-dropped") && event.stopPropagation(), true);
  node.addEventListener("dragstart", (event) => event.preventDefault()); // the browser's own, of marked text

  /** Where the pointer is: the place between or inside rows, and what Python says of it. */
  function over(event) {
    const box = scroller.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (event.clientY < box.top + 16) scroller.scrollTop -= 8;
    if (event.clientY > box.bottom - 16) scroller.scrollTop += 8;
    const y = event.clientY - list.getBoundingClientRect().top;
    const at = Math.min(Math.floor(y / ROW), shown.length - 1);
    const item = shown[at];
    if (!inside || !item) {
      drag.to = null;
      drawDrop();
      return;
    }
    const part = y / ROW - at;
    const open = item.kids.length && !folded().has(item.path);
    let to = { parent: item, index: undefined, at, into: true };
    if (item.around && part < 0.3) to = { parent: item.around, index: item.place, at, depth: item.depth };
    else if (part > 0.7 && open) to = { parent: item, index: 0, at: at + 1, depth: item.depth + 1 };
    else if (item.around && part > 0.7) to = { parent: item.around, index: item.place + 1, at: at + 1, depth: item.depth };
    const moved = drag.fresh ? null : tree.byPath.get(drag.what);
    to.place = to.index;
    if (moved && moved.around === to.parent && to.index > moved.place) to.place -= 1; // it leaves its own place first
    drag.to = to;
    const key = `${drag.what} ${to.parent.path} ${to.place}`;
    if (key !== drag.key) {
      drag.key = key;
      send("try", { key, what: drag.what, new: drag.fresh, parent: to.parent.path, index: to.place ?? null });
    }
    drawDrop();
  }

  function drawDrop() {
    for (const old of list.querySelectorAll(".pe-into, .pe-no, .pe-from")) old.classList.remove("pe-into", "pe-no", "pe-from");
    if (drag && !drag.fresh) list.querySelector(`[data-i="${tree.byPath.get(drag.what)?.i}"]`)?.classList.add("pe-from");
    line.hidden = !drag?.to;
    if (!drag?.to) return;
    const { to } = drag;
    const answer = get("answer").key === drag.key ? get("answer") : { reason: "", stop: false };
    const count = to.parent.kids.length;
    const place = to.into ? `into ${to.parent.name}` : `here, ${nth(to.place ?? count)} in ${to.parent.name}`;
    line.classList.toggle("is-into", Boolean(to.into));
    line.classList.toggle("is-no", answer.stop);
    line.style.setProperty("--d", to.into ? to.parent.depth + 1 : to.depth);
    line.style.top = `${to.into ? (to.at + 1) * ROW - 1 : to.at * ROW - 1}px`;
    const verdict = answer.stop ? answer.reason : `Drop ${drag.name} ${place}${answer.reason ? `: ${answer.reason}` : ""}`;
    replace(line, el("span", {}, verdict));
    if (to.into) list.querySelector(`[data-i="${to.parent.i}"]`)?.classList.add(answer.stop ? "pe-no" : "pe-into");
  }

  function drop(done) {
    const { to, what, fresh, key } = drag;
    const answer = get("answer").key === key ? get("answer") : {};
    drag = null;
    node.classList.remove("is-dragging");
    node.classList.add("is-dropped"); // the click that ends a drag is none
    setTimeout(() => node.classList.remove("is-dropped"));
    drawDrop();
    if (!done || !to) return;
    list.focus({ preventScroll: true });
    if (answer.stop) say(answer.reason, true);
    else if (fresh) send("add", { path: to.parent.path, what, index: to.place ?? null });
    else send("move", { path: what, parent: to.parent.path, index: to.place ?? null });
  }

  // ---- what can be added ----
  let typed = "";
  let typing = 0;
  function drawPalette() {
    const { items = [], path } = get("palette");
    const had = palette.contains(document.activeElement) ? document.activeElement.dataset.what : "";
    replace(paletteTitle, "Add inside ", el("bdi", {}, selected().name));
    palette.setAttribute("aria-busy", String(path !== selected().path));
    if (palette.dataset.path !== path) palette.scrollTop = 0;
    palette.dataset.path = path;
    const rest = items.filter((item) => item[2] !== null).length;
    replace(
      palette,
      items.map(([what, words, reason, sentence]) =>
        el("li", {}, el(
          "button",
          {
            type: "button", class: "pe-pal", "data-what": what, tabindex: -1, title: sentence,
            "aria-disabled": reason === null ? undefined : "true",
            onclick: () => (reason === null ? send("add", { path: selected().path, what }) : say(`${words}: ${reason}`, true)),
            onpointerdown: (event) => starts(event, what, words, true),
          },
          el("span", {}, el("bdi", {}, words)),
          reason !== null && el("small", {}, reason),
        )),
      ),
      rest > 0 && el("li", { class: "pe-rest" }, `${rest} ${items.length > rest ? "other" : "container"}${rest > 1 ? "s do" : " does"} not fit here`),
    );
    const stop = (had && palette.querySelector(`[data-what="${CSS.escape(had)}"]`)) || palette.querySelector(".pe-pal");
    if (stop) stop.tabIndex = 0;
    if (had) stop?.focus();
  }

  const pals = () => [...palette.querySelectorAll(".pe-pal")].filter((each) => each.offsetParent);
  function toPalette() {
    focusPal(pals()[0]);
  }
  function focusPal(which) {
    if (!which) return;
    for (const each of pals()) each.tabIndex = each === which ? 0 : -1;
    which.focus();
  }
  palette.addEventListener("keydown", (event) => {
    const all = pals();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) focusPal(all[Math.max(0, Math.min(to, all.length - 1))]);
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      clearTimeout(typing);
      typing = setTimeout(() => (typed = ""), 700);
      typed += event.key.toLowerCase();
      focusPal(all.find((each) => each.textContent.toLowerCase().startsWith(typed)));
    } else return;
    event.preventDefault();
  });

  // ---- settings of what is selected ----
  function toName() {
    const input = side.querySelector("[data-field='=name']");
    input?.focus();
    input?.select();
  }

  let renaming = null; // the path of a container whose new name is on its way to the kernel
  const around = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

  function drawSide() {
    const details = get("details"), before = side.dataset.path;
    const isRenamed = before !== details.path && before === renaming && around(before) === around(details.path);
    const had = side.contains(document.activeElement) ? document.activeElement : null;
    const focused = before === details.path || isRenamed ? had : null;
    const kept = focused && { name: focused.dataset.field, value: focused.value, was: focused.dataset.was, start: focused.selectionStart };
    if (before !== details.path) {
      renaming = null;
      if (!isRenamed) checked = {};
    }
    side.dataset.path = details.path;
    const limits = details.fields.filter((field) => field.group);
    const names = (paths) => paths.map((path) => path.split("/").at(-1)).join(", ");
    const flow = (kind, word, paths) =>
      el("span", { title: paths.join(", ") }, kind, paths.length > 0 && el("span", { class: "adm-muted" }, ` ${word} ${names(paths)}`));
    const takes = details.takes.map(([kind, from, missing]) =>
      missing ? el("span", { class: "pe-lack" }, `✕ ${kind}, which nothing gives it`) : flow(kind, "from", [from]));
    const gives = details.gives.map(([kind, to]) => flow(kind, "to", to));
    replace(
      side,
      el("h4", {}, el("bdi", {}, details.name), `: ${details.what}`),
      field({ name: "=name", label: "Name", text: details.name, default: "", kind: "text", choices: [], problem: "" }),
      details.fields.filter((each) => !each.group).map(field),
      el("p", { class: "adm-s adm-muted pe-about" }, details.about, " ", details.note),
      takes.length > 0 && el("p", { class: "pe-io" }, el("span", {}, "Takes"), el("span", {}, takes)),
      gives.length > 0 && el("p", { class: "pe-io" }, el("span", {}, "Gives"), el("span", {}, gives)),
      limits.length > 0 &&
        el("details", { open: limits.some((each) => each.text) || side.querySelector("details")?.open },
          el("summary", {}, el("b", {}, "Limits"), el("span", {}, limits.filter((each) => each.text).map((each) => `${each.text} ${each.unit}`).join(", ") || "none")),
          el("div", {}, limits.map(field))),
      actions(details.path),
    );
    const again = kept && (kept.name
      ? side.querySelector(`[data-field="${CSS.escape(kept.name)}"]`)
      : [...side.querySelectorAll("button, summary")].find((each) => each.textContent === focused.textContent));
    if (!again) {
      if (had) list.focus({ preventScroll: true }); // what is typed next is not for the notebook
      return;
    }
    if (kept.value !== kept.was) again.value = kept.value;
    again.focus({ preventScroll: true });
    if (kept.start !== null && kept.start !== undefined && again.setSelectionRange) again.setSelectionRange(kept.start, kept.start);
  }

  /** What the keys do, for those who use the mouse. */
  function actions(path) {
    const item = tree.byPath.get(path);
    const { paste } = get("state");
    const doing = (words, what, keys, more) => button(words, () => send(what, { path, ...more }), { "aria-keyshortcuts": keys });
    const all = [
      path && doing("Remove", "remove", "Delete"),
      path && doing("Cut", "cut", "Control+X"),
      path && doing("Copy", "copy", "Control+C"),
      paste && doing(`Paste ${paste}`, "paste", "Control+V"),
      path && item?.kids.length > 0 && doing("Remove, keep what is inside", "remove", undefined, { keep: true }),
    ].filter(Boolean);
    return all.length > 0 && el("div", { class: "pe-do" }, all);
  }

  function field(each) {
    const path = get("details").path;
    const key = `${id}-f-${each.name}`;
    const wrong = checked[each.name] ?? each.problem;
    const common = {
      id: key, "data-field": each.name, "data-was": each.text, "aria-invalid": wrong ? "true" : undefined,
      "aria-describedby": `${key}-m`,
    };
    const commit = (input) => {
      clearTimeout(checking);
      if (input.value === input.dataset.was && !checked[each.name]) return;
      delete checked[each.name];
      input.dataset.was = input.value;
      if (each.name === "=name") {
        renaming = path;
        send("rename", { path, name: input.value, field: each.name });
      } else send("set", { path, parameter: each.name, text: input.value, field: each.name });
    };
    const typedIn = (input) => {
      clearTimeout(checking);
      checking = setTimeout(() => send("check", { path, parameter: each.name, text: input.value, key: `check ${each.name}` }), 150);
    };
    const keys = (event) => {
      if (event.key === "Enter" && event.target.tagName !== "TEXTAREA") {
        commit(event.target);
        list.focus({ preventScroll: true });
      } else if (event.key === "Escape" && event.target.value !== event.target.dataset.was) {
        event.target.value = event.target.dataset.was;
        clearTimeout(checking);
        wrongIn(each.name, each.problem);
        delete checked[each.name];
      }
    };
    const control =
      each.kind === "choice"
        ? el("select", { class: "adm-select", ...common, onchange: (event) => commit(event.target) },
            each.choices.map(([value, words]) => el("option", { value, selected: value === each.text }, words)))
        : el(each.kind === "long" ? "textarea" : "input", {
            class: `adm-input${each.kind === "number" ? " is-num" : ""}`, rows: each.kind === "long" ? 4 : undefined,
            type: each.kind === "long" ? undefined : "text", placeholder: each.default, autocomplete: "off", spellcheck: "false",
            inputmode: each.kind === "number" ? "decimal" : undefined, ...common,
            onchange: (event) => commit(event.target), oninput: (event) => typedIn(event.target), onkeydown: keys,
          });
    if (each.kind !== "choice") control.value = each.text;
    return el(
      "div",
      { class: `fld${each.kind === "long" ? " is-long" : ""}` },
      el("label", { for: key }, el("bdi", {}, each.label)),
      el("div", { class: `fld-c${each.unit ? " has-u" : ""}` }, control, each.unit && el("span", { class: "fld-u" }, each.unit)),
      each.hint && el("p", { class: "fld-h" }, each.hint),
      el("p", { class: "adm-msg", id: `${key}-m`, role: "alert", hidden: !wrong }, wrong),
    );
  }
  let checking = 0;

  /** Say what is wrong beside a field; what was found while it was typed, only if it still differs. */
  function wrongIn(name, reason, typed = false) {
    const input = side.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!input || (typed && input.value === input.dataset.was)) return;
    if (reason) checked[name] = reason;
    else delete checked[name];
    const message = input.closest(".fld").querySelector(".adm-msg");
    message.textContent = reason;
    message.hidden = !reason;
    if (reason) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }

  // ---- problems ----
  function drawProblem() {
    const { problems } = get("state");
    strip.hidden = !problems.length;
    problem = Math.max(0, Math.min(problem, problems.length - 1));
    if (!problems.length) return;
    const [path, message] = problems[problem];
    const repair = get("repair");
    const mends = repair.words && repair.problem === problem && repair.for === message;
    replace(
      strip,
      el("b", {}, problems.length > 1 ? `✕ ${problem + 1} of ${problems.length}` : "✕ 1 problem"),
      " ",
      el("bdi", {}, path ? message : `The pattern ${message}`),
      ". ",
      mends && button(repair.words, () => send("mend", { problem }), { class: "adm-btn is-quiet pe-fix" }),
      path && path !== selected().path && button("Show it", () => select(tree.byPath.get(path)), { class: "adm-btn is-quiet pe-fix" }),
      problems.length > 1 && button("Next", () => toProblem(1), { class: "adm-btn is-quiet pe-fix" }),
    );
  }

  function toProblem(step) {
    const { problems } = get("state");
    if (!problems.length) return say("No problems", false);
    const here = problems.map((each) => each[0]).indexOf(selected().path);
    problem = here >= 0 && problems[problem]?.[0] !== selected().path ? here : (problem + step + problems.length) % problems.length;
    select(tree.byPath.get(problems[problem][0]));
    say(`Problem ${problem + 1} of ${problems.length}: ${problems[problem][1]}`, false, false);
    drawProblem();
    look();
  }

  // ---- sheets: keys, comparison, texts, saving ----
  function open(which) {
    const was = sheet;
    sheet = which === sheet ? "" : which;
    if (sheet === "yaml" || sheet === "config") send("export", { what: sheet });
    else if (was === "yaml" || was === "config") send("export", {});
    drawSheet();
    (sheets.querySelector("input, .adm-btn") ?? list).focus({ preventScroll: true });
  }

  function drawSheet(wrong = "") {
    const state = get("state");
    sheets.hidden = !sheet;
    compare.setAttribute("aria-pressed", String(sheet === "compare"));
    if (!sheet) return replace(sheets);
    const head = (words, ...more) => el("div", { class: "pe-head" }, el("h4", { class: "adm-grow" }, words), more, button("Close", () => open("")));
    if (sheet === "keys") {
      replace(sheets, head("Keys"), keyList(KEYS));
    } else if (sheet === "compare") {
      const rows = state.diff.map(([glyph, path, words]) =>
        el("tr", { class: { "+": "is-add", "-": "is-del" }[glyph] ?? "is-mod" },
          el("td", {}, glyph === "-" ? "−" : glyph, el("span", { class: "adm-sr" }, GLYPH_WORDS[glyph])),
          el("td", { class: "adm-wrap" }, el("bdi", {}, path)), el("td", { class: "adm-wrap adm-muted" }, el("bdi", {}, words))));
      replace(sheets, head(["Changes from ", el("bdi", {}, state.from)]),
        rows.length ? el("div", { class: "adm-scroll pe-diff" }, el("table", { class: "adm-diff" }, el("tbody", {}, rows))) : el("p", { class: "adm-muted" }, "The same containers."),
        state.more > 0 && el("p", { class: "adm-muted" }, `${state.more} more; editor.diff has all.`));
    } else if (sheet === "save") {
      const input = el("input", { class: "adm-input", id: `${id}-save`, value: state.name, "aria-invalid": wrong ? "true" : undefined, "aria-describedby": `${id}-savem`, autocomplete: "off", spellcheck: "false" });
      const go = (event) => {
        event.preventDefault();
        send("save", { name: input.value.trim(), field: "save" });
      };
      replace(sheets, el("form", { class: "pe-save", onsubmit: go }, el("label", { for: `${id}-save` }, "Save as"), input,
        el("button", { type: "submit", class: "adm-btn is-main" }, "Save"), button("Cancel", () => open(""))),
        el("p", { class: "adm-msg", id: `${id}-savem`, role: "alert", hidden: !wrong }, wrong),
        el("p", { class: "adm-s adm-muted" }, "It is known by this name until the kernel restarts; Export YAML keeps it in a file."));
      if (wrong) input.focus();
    } else {
      const { what, text = "" } = get("sheet");
      const ready = what === sheet;
      const pre = el("pre", { tabindex: 0 }, ready ? text : "…");
      const copied = button("Copy", async () => {
        try {
          await navigator.clipboard.writeText(text);
          say("Copied", false);
        } catch {
          getSelection().selectAllChildren(pre);
          say("Selected; press Ctrl+C to copy", false);
        }
      });
      const below = sheet === "config" ? "Put this into a %%adm cell. In Python the whole config is editor.config." : "In Python this is editor.to_yaml(). A file of it is read by adm.register_pattern.";
      replace(sheets, head(sheet === "config" ? "In a config" : "YAML", copied), pre, el("p", { class: "adm-s adm-muted" }, below));
    }
  }

  // ---- words ----
  function say(text, wrong, aloud = true) {
    if (aloud) live.textContent = text;
    spoken = Date.now();
    replace(hints, el("span", { class: wrong ? "pe-err" : "" }, wrong ? `✕ ${text}` : text));
  }

  function drawHints() {
    replace(hints, kbd("↑↓"), " select ", el("span", { class: "pe-k" }, kbd("Alt+↑↓"), " move ", kbd("A"), " add"), " ", kbd("?"), " all keys");
  }

  function drawHead() {
    const state = get("state");
    replace(title, el("bdi", {}, state.name));
    replace(about, state.about, state.saved && state.name !== state.from && ", saved");
    const enable = (which, why) => {
      which.setAttribute("aria-disabled", String(Boolean(why)));
      which.title = why;
    };
    undo.disabled = !state.undo;
    undo.title = state.undo ? `Undo: ${state.undo}` : "";
    redo.disabled = !state.redo;
    redo.title = state.redo ? `Redo: ${state.redo}` : "";
    enable(use, state.use);
    enable(save, state.problems.length ? state.use : "");
    node.setAttribute("aria-label", `Pattern editor, ${state.name}`);
  }

  /** Ask what can be added here and what mends the problem, once the view has come to rest. */
  function look() {
    clearTimeout(looking);
    looking = setTimeout(() => send("look", { path: selected().path, problem }), 120);
  }

  function drawAll() {
    tree = indexed(get("state").rows);
    shown = unfolded();
    drawHead();
    drawTree();
    intoView();
    if (shown.length >= MANY) drawTree(false);
    drawProblem();
    if (sheet === "compare") drawSheet();
    look();
  }

  function moved() {
    shown = unfolded();
    drawTree();
    intoView();
    if (shown.length >= MANY) drawTree(false);
    replace(paletteTitle, "Add inside ", el("bdi", {}, selected().name));
    palette.setAttribute("aria-busy", String(get("palette").path !== selected().path));
    drawProblem();
    look();
  }

  const ended = listening(model, {
    "change:state": () => {
      drawAll();
      drawSide();
    },
    "change:selected": () => {
      const at = get("state").problems.findIndex((each) => each[0] === selected().path);
      if (at >= 0 && get("state").problems[problem]?.[0] !== selected().path) problem = at;
      if (Date.now() - spoken > 100) drawHints(); // else an edit says where its selection comes from
      moved();
    },
    "change:folded": moved,
    "change:details": drawSide,
    "change:palette": drawPalette,
    "change:repair": drawProblem,
    "change:sheet": () => (sheet === "yaml" || sheet === "config") && drawSheet(),
    "change:answer": () => {
      const { key, reason } = get("answer");
      if (drag) drawDrop();
      else if (key?.startsWith("check ")) wrongIn(key.slice(6), reason, true);
    },
    "change:said": () => {
      const { n, text, wrong } = get("said");
      if (!n || n === heard) return;
      heard = n;
      setTimeout(answered); // when the other traits of this message are there as well
      if (wrong === "save") drawSheet(text);
      else if (wrong && wrong !== "*") wrongIn(wrong, text);
      else {
        if (sheet === "save" && !wrong) open("");
        say(text, Boolean(wrong));
      }
    },
  });
  drawAll();
  drawSide();
  drawPalette();
  drawHints();
  const unthemed = followTheme(model);
  return () => {
    clearTimeout(looking);
    clearTimeout(checking);
    ended();
    unthemed();
  };
}

export default { render };
