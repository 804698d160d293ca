// A table of any length, of which only the rows in view are in the page.

const ROW = 26; // CSS pixels of a table's row
const HEAD = 30; // and of its headings
const BLOCK = 100; // rows in a message
const BLOCKS_KEPT = 40;
const ROWS_MOST = 1000000; // a page can't be higher

/** A grid whose rows come in blocks of 100: only those in view are in the page.
 *  `ask(start)` asks for a block, which `take` receives; `pick(position, name)` for a click;
 *  the name, the row's label, is undefined where the row has not come yet. */
function longTable({ label, ask, pick, sort, most = 0 }) {
  const head = el("tr");
  const body = el("tbody");
  const widths = el("colgroup");
  const grid = el("table", { class: "adm-table is-live has-rail xp-t", role: "grid", tabindex: "0", "aria-label": label },
    widths, el("thead", {}, head), body);
  const scroller = el("div", { class: "xp-scroll", tabindex: "-1" }, grid);
  const id = `xp${Math.random().toString(36).slice(2)}`;
  let columns = [], count = 0, blocks = new Map(), asked = new Set(), chosen = null, longest = [], column = 0, sorted = [];
  const [above, below] = [0, 1].map(() => el("tr", { class: "xp-space", "aria-hidden": "true" }, el("td")));
  let kept = new Map(), pressed = null; // rows in the page by their places; what a pointer went down on

  /** What a row is called, where that is known: its label, or its number. */
  function nameOf(i) {
    const block = blocks.get(i - (i % BLOCK));
    return block?.labels ? block.labels[i % BLOCK] : block ? i : undefined;
  }
  /** Write the cells of a row, those alone that are others than before: what is under a pointer stays where it is. */
  function fill(row, cells) {
    while (row.children.length > columns.length) row.lastChild.remove();
    columns.forEach((c, k) => {
      const text = cells ? cells[k] : "\u00b7";
      const cell = row.children[k] ?? row.appendChild(el("td"));
      if (cell.dataset.text === text && cell.classList.contains("adm-l") === Boolean(c.words)) return;
      cell.dataset.text = text;
      cell.classList.toggle("adm-l", Boolean(c.words));
      if (text.length > 24) cell.title = text; else cell.removeAttribute("title");
      cell.replaceChildren(...(c.words ? [el("bdi", {}, text)] : figure(text)));
    });
  }

  const askFor = settled((starts) => {
    for (const start of starts) if (!blocks.has(start) && !asked.has(start)) { asked.add(start); ask(start); }
  }, 40);

  function draw() {
    const room = Math.max(1, Math.ceil(scroller.clientHeight / ROW));
    const first = Math.max(0, Math.min(Math.floor(scroller.scrollTop / ROW) - 4, count - room - 8));
    const last = Math.min(count, first + room + 8);
    const starts = [];
    for (let s = first - (first % BLOCK); s < last; s += BLOCK) starts.push(s);
    askFor(starts);
    const rows = [];
    for (let i = first; i < last; i++) {
      const block = blocks.get(i - (i % BLOCK));
      const cells = block?.rows[i % BLOCK];
      const on = cells !== undefined && nameOf(i) === chosen;
      const row = kept.get(i) ?? el("tr", { id: `${id}-${i}`, "aria-rowindex": String(i + 2) });
      row.classList.toggle("is-on", on);
      row.setAttribute("aria-selected", String(on));
      fill(row, cells);
      rows.push(row);
    }
    kept = new Map(rows.map((row, k) => [first + k, row]));
    const spaced = (space, n) => {
      space.firstChild.colSpan = columns.length;
      space.firstChild.style.height = `${n * ROW}px`;
      return n > 0 && space;
    };
    inOrder(body, [spaced(above, first), ...rows, spaced(below, count - last)].filter(Boolean));
    const on = rows.find((row) => row.classList.contains("is-on"));
    if (on) grid.setAttribute("aria-activedescendant", on.id); else grid.removeAttribute("aria-activedescendant");
  }

  function heads() {
    replace(head, columns.map((c, k) => {
      const on = sorted[0] === c.name;
      return el("th", { class: [c.words && "adm-l", k === column && "is-cur"].filter(Boolean).join(" ") || undefined,
        scope: "col", title: c.title || undefined, "aria-sort": on ? (sorted[1] ? "descending" : "ascending") : undefined,
        onclick: () => { column = k; sort?.(c.name); } }, c.label, on ? (sorted[1] ? " \u2193" : " \u2191") : "");
    }));
    replace(widths, columns.map((_, k) => el("col", { style: { width: `calc(${longest[k]}ch + 16px)` } })));
    grid.style.width = `max(100%, calc(${longest.reduce((a, b) => a + b, 0)}ch + ${16 * columns.length}px))`;
  }

  // A browser sends no click where what was pressed has been drawn anew before it is let go: so both are listened to here,
  // on the table, which stays. The row is the one that was seen under the pointer when it went down.
  const under = (event) => {
    const i = Math.floor((event.clientY - body.getBoundingClientRect().top) / ROW);
    return body.contains(event.target) && i >= 0 && i < count ? { i, name: nameOf(i), x: event.clientX, y: event.clientY } : null;
  };
  grid.addEventListener("pointerdown", (event) => { pressed = event.button === 0 ? under(event) : null; });
  grid.addEventListener("pointercancel", () => { pressed = null; });
  grid.addEventListener("pointerup", (event) => {
    if (!pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > ROW / 2) return;
    pick(pressed.i, pressed.name);
    pressed = null;
  });
  grid.addEventListener("click", (event) => { // one without a pointer: a reader of screens, a script
    const row = event.detail === 0 && event.target.closest?.("tr[aria-rowindex]");
    if (row) pick(Number(row.getAttribute("aria-rowindex")) - 2, nameOf(Number(row.getAttribute("aria-rowindex")) - 2));
  });
  let frame = 0;
  const later = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(draw); };
  scroller.addEventListener("scroll", later);
  return {
    node: scroller, grid,
    /** New rows or a new order: what was here is forgotten. */
    begin(given, total, order = [], all = total) {
      columns = given; sorted = order;
      longest = columns.map((c) => Math.min(40, Math.max(4, 0.85 * c.label.length + 2.2)));
      blocks = new Map(); asked = new Set(); count = Math.min(total, ROWS_MOST);
      grid.setAttribute("aria-rowcount", String(total + 1));
      if (most) scroller.style.height = `${HEAD + ROW * Math.min(most, Math.max(all, 3)) + 16}px`;
      heads(); draw();
    },
    again(total, order) {
      sorted = order; blocks = new Map(); asked = new Set(); count = Math.min(total, ROWS_MOST);
      grid.setAttribute("aria-rowcount", String(total + 1));
      heads(); draw();
    },
    take(start, rows, labels) {
      asked.delete(start);
      blocks.set(start, { rows, labels });
      if (blocks.size > BLOCKS_KEPT) blocks.delete(blocks.keys().next().value);
      let wider = false;
      for (const row of rows) row.forEach((text, k) => {
        const n = Math.min(40, text.length + 0.8);
        if (n > longest[k]) { longest[k] = n; wider = true; }
      });
      if (wider) heads();
      draw();
    },
    choose(name) { chosen = name; draw(); },
    reveal(position) {
      if (position === null || position === undefined) return;
      const top = position * ROW, room = scroller.clientHeight - HEAD;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + ROW > scroller.scrollTop + room) scroller.scrollTop = top + ROW - room;
      draw();
    },
    row(position) { return blocks.get(position - (position % BLOCK))?.rows[position % BLOCK]; },
    move(by) {
      column = Math.max(0, Math.min(columns.length - 1, column + by));
      heads();
      head.children[column].scrollIntoView({ block: "nearest", inline: "nearest" });
      return columns[column];
    },
    column: () => columns[column],
    page: () => Math.max(1, Math.floor(scroller.clientHeight / ROW) - 2),
  };
}
