// The result explorer. What it shows comes by messages, asked for when it is needed; what is chosen stands in traits.

const ROW = 26; // CSS pixels of a table's row
const HEAD = 30; // and of its headings
const BLOCK = 100; // rows in a message
const BLOCKS_KEPT = 40;
const ROWS_MOST = 1000000; // a page can't be higher
const RAMPS = {
  light: { diverging: ["#a63a00", "#e0a583", "#f4f1ee", "#7fbfb5", "#00695c"], sequential: ["#e3ecf6", "#8fb4d9", "#123f73"] },
  dark: { diverging: ["#ff8f5a", "#8a4a2c", "#232323", "#2d7569", "#62d8c2"], sequential: ["#16202b", "#2f5f91", "#a9d2fb"] },
};
const KEYS = [
  ["\u2191 \u2193, Page, Home, End", "row"], ["\u2190 \u2192, then S", "column, sort; again: reverse"],
  ["/ and Esc", "filter, clear it"], ["Enter", "the row's trades"], ["U", "use these parameters"],
  ["H", "to the heatmap: arrows move, Enter selects"], ["[ ]", "pan the prices"], ["+ \u2212", "zoom"],
  ["0", "whole history"], ["B", "measure the period in view"], ["C", "copy the row"], ["?", "these keys"],
];

// ---- small parts ----------------------------------------------------------------------------------------------------

/** Doubles (or what `kind` says) of a message's buffer, which may stand at any place in memory. */
function numbers(view, kind = Float64Array) {
  const bytes = view.buffer ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view;
  return new kind(bytes);
}

/** A colour of adm.css as it is in this theme. */
function token(node, name) {
  return getComputedStyle(node).getPropertyValue(`--adm-${name}`).trim();
}

function hex(text) {
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
}

/** The colour at `x` in [0, 1] of a ramp. */
function along(ramp, x) {
  const at = Math.max(0, Math.min(1, x)) * (ramp.length - 1);
  const i = Math.min(ramp.length - 2, Math.floor(at));
  const [a, b] = [hex(ramp[i]), hex(ramp[i + 1])];
  return `rgb(${a.map((v, k) => Math.round(v + (b[k] - v) * (at - i))).join(",")})`;
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

/** Cells with a small grey unit where they end in a percent sign. */
function figure(text) {
  return text.endsWith("%") ? [text.slice(0, -1), el("span", { class: "adm-u" }, "%")] : [text];
}

/** Make these the children of a node, and move none that need not move. */
function inOrder(node, children) {
  const wanted = new Set(children);
  for (const child of [...node.childNodes]) if (!wanted.has(child)) child.remove();
  children.forEach((child, k) => {
    if (node.childNodes[k] !== child) node.insertBefore(child, node.childNodes[k] ?? null);
  });
}

/** Call `work` once things have been quiet for `ms`. */
function settled(work, ms) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), ms);
  };
}

// ---- a table of any length ------------------------------------------------------------------------------------------

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

// ---- the heatmap ----------------------------------------------------------------------------------------------------

function heatMap({ choose }) {
  const canvas = el("canvas", { class: "xp-canvas", tabindex: "0", role: "grid" });
  const spoken = el("span", { class: "adm-sr", role: "gridcell", id: `xh${Math.random().toString(36).slice(2)}` });
  const caption = el("p", { class: "adm-s adm-muted xp-cap" });
  const said = el("p", { class: "adm-s adm-muted xp-cap", "aria-hidden": "true" });
  const node = el("div", { class: "xp-heatbox" }, caption, canvas, said, spoken);
  canvas.setAttribute("aria-activedescendant", spoken.id);
  let data = null, at = null, chosen = null, box = null;

  const names = (y, x) => [data.rows && `${data.rows} ${data.ys[y]}`, `${data.columns} ${data.xs[x]}`].filter(Boolean).join(", ");
  const score = (v) => {
    if (Number.isNaN(v)) return "not known";
    if (data.unit === "ratio") return number(v, 3);
    return ["change", "level", "share"].includes(data.unit) ? `${number(v * 100, 1, data.unit === "change")}%` : number(v, v > 99 ? 0 : 2);
  };
  function tell() {
    if (!data || !at) return;
    const [y, x] = at, i = y * data.xs.length + x;
    const words = data.labels[i] < 0 ? `${names(y, x)}: left out` : `${names(y, x)}, ${data.objective} ${score(data.values[i])}`;
    spoken.textContent = words;
    said.textContent = words;
  }
  function draw() {
    if (!data) return;
    const width = canvas.clientWidth || 380;
    const ny = data.ys.length, nx = data.xs.length;
    const height = ny === 1 ? 64 : Math.max(120, Math.min(284, ny * 22 + 20));
    const c = sharpened(canvas, width, height);
    c.font = `11px ${getComputedStyle(canvas).fontFamily}`;
    const left = data.rows ? Math.min(90, Math.max(...data.ys.map((t) => c.measureText(t).width)) + 8) : 2;
    const w = (width - left - 2) / nx, h = (height - 22) / ny;
    box = { left, w, h, nx, ny };
    const ramps = RAMPS[isDark() ? "dark" : "light"];
    const both = data.low < 0 && data.high > 0, reach = Math.max(-data.low, data.high);
    const shade = (v) => both ? along(ramps.diverging, 0.5 + v / reach / 2)
      : along(ramps.sequential, data.high > data.low ? (v - data.low) / (data.high - data.low) : 0.5);
    const gap = Math.min(w, h) >= 6 ? 1 : 0;
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) {
      const i = y * nx + x, v = data.values[i];
      if (data.labels[i] < 0) continue;
      c.fillStyle = Number.isNaN(v) ? token(canvas, "sunken") : shade(Number.isFinite(v) ? v : v > 0 ? data.high : data.low);
      c.fillRect(left + x * w, (ny - 1 - y) * h, w - gap, h - gap);
    }
    const ink = token(canvas, "ink"), ink2 = token(canvas, "ink-2");
    const outline = ([y, x], color, thick) => {
      c.strokeStyle = color; c.lineWidth = thick;
      c.strokeRect(left + x * w - 0.5, (ny - 1 - y) * h - 0.5, w + 1 - gap, h + 1 - gap);
    };
    if (chosen) { outline(chosen, token(canvas, "bg"), 4); outline(chosen, ink, 2); }
    if (at && document.activeElement === canvas) outline(at, token(canvas, "accent"), 2);
    const label = (text, x, y, on, align) => {
      c.textAlign = align; c.fillStyle = on ? ink : ink2;
      c.font = `${on ? "600 " : ""}11px ${getComputedStyle(canvas).fontFamily}`;
      c.fillText(text, x, y);
    };
    c.textBaseline = "middle";
    const everyY = Math.max(1, Math.ceil(14 / h));
    for (let y = 0; y < ny && data.rows; y++) {
      const on = chosen?.[0] === y, near = chosen && Math.abs(chosen[0] - y) * h < 13;
      if (on || (y % everyY === 0 && !near)) label(data.ys[y], left - 6, (ny - 0.5 - y) * h, on, "right");
    }
    const widest = Math.max(...data.xs.map((t) => c.measureText(t).width)) + 8;
    const everyX = Math.max(1, Math.ceil(widest / w));
    for (let x = 0; x < nx; x++) {
      const on = chosen?.[1] === x, near = chosen && Math.abs(chosen[1] - x) * w < widest;
      if (!on && (x % everyX !== 0 || near)) continue;
      const half = c.measureText(data.xs[x]).width / 2;
      label(data.xs[x], Math.min(width - half - 1, Math.max(half, left + (x + 0.5) * w)), height - 9, on, "center");
    }
  }
  const under = (event) => {
    const place = canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - place.left - box.left) / box.w), y = box.ny - 1 - Math.floor((event.clientY - place.top) / box.h);
    return x >= 0 && x < box.nx && y >= 0 && y < box.ny ? [y, x] : null;
  };
  const select = () => {
    const label = at && data.labels[at[0] * data.xs.length + at[1]];
    if (at && label >= 0) choose(label);
  };
  canvas.addEventListener("mousemove", (event) => { if (data && (at = under(event) ?? at)) tell(); });
  canvas.addEventListener("click", (event) => { if (data && under(event)) { at = under(event); select(); draw(); } });
  canvas.addEventListener("focus", () => { at ??= chosen ?? [0, 0]; tell(); draw(); });
  canvas.addEventListener("blur", draw);
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!data || !(step || event.key === "Enter")) return;
    event.preventDefault(); event.stopPropagation();
    if (!step) return select();
    at = [Math.max(0, Math.min(box.ny - 1, at[0] + step[0])), Math.max(0, Math.min(box.nx - 1, at[1] + step[1]))];
    tell(); draw();
  });
  return {
    node, canvas, draw,
    take(message, buffers) {
      data = message.none ? null : { ...message, values: numbers(buffers[0], Float32Array), labels: numbers(buffers[1], Int32Array) };
      if (!data) return false;
      chosen = data.place;
      const what = data.rows ? `${data.objective} by ${data.rows} (rows) and ${data.columns} (columns)` : `${data.objective} by ${data.columns}`;
      caption.textContent = `${what}${data.held ? `; ${data.held}` : ""}${data.merged ? "; each square the best of several" : ""}`;
      canvas.setAttribute("aria-label", what);
      said.textContent = "\u00a0";
      draw();
      return true;
    },
    /** Mark a row; false where it is on another plane. */
    mark(label) {
      const i = data ? data.labels.indexOf(label) : -1;
      if (i < 0) return false;
      chosen = [Math.floor(i / data.xs.length), i % data.xs.length];
      draw();
      return true;
    },
  };
}

// ---- equity and drawdown, with the brush ----------------------------------------------------------------------------

function overview({ brushed }) {
  const canvas = el("canvas", { class: "xp-canvas xp-brush", role: "img", "aria-label": "Equity and drawdown; drag to select a period" });
  let data = null, period = null, view = null, dragging = null;
  const RIGHT = 54, TOP = 16, EQUITY = 74, FALL = 34, HEIGHT = TOP + EQUITY + 8 + FALL + 22;
  const width = () => canvas.clientWidth || 800;
  const x = (bar) => data.n_bars > 1 ? (bar / (data.n_bars - 1)) * (width() - RIGHT) : (width() - RIGHT) / 2;
  const bar = (px) => Math.max(0, Math.min(data.n_bars - 1, Math.round((px / (width() - RIGHT)) * (data.n_bars - 1))));
  function curve(c, [at, values], y) {
    c.beginPath();
    for (let i = 0; i < at.length; i++) c.lineTo(x(at[i]), y(values[i]));
  }
  function draw() {
    if (!data) return;
    const w = width() - RIGHT, c = sharpened(canvas, width(), HEIGHT);
    const t = (name) => token(canvas, name);
    const f = data.log ? Math.log : (v) => v;
    const y = (v) => TOP + EQUITY * (1 - (f(v) - f(data.low)) / (f(data.high) - f(data.low) || 1));
    const fallTop = TOP + EQUITY + 8, fall = (v) => fallTop + FALL * Math.min(1, v / Math.min(-0.002, data.deepest * 1.05));
    c.font = `11px ${getComputedStyle(canvas).fontFamily}`;
    c.textBaseline = "middle";
    c.lineWidth = 1;
    let lastY = Infinity;
    for (const [value, name] of data.ticks) {
      const at = Math.round(y(value)) + 0.5;
      if (lastY - at < 18) continue;
      lastY = at;
      c.strokeStyle = t("line"); c.globalAlpha = 0.6;
      c.beginPath(); c.moveTo(0, at); c.lineTo(w, at); c.stroke(); c.globalAlpha = 1;
      c.fillStyle = t("ink-2"); c.textAlign = "left"; c.fillText(name, w + 8, at);
    }
    const shown = dragging && dragging.moved ? [dragging.from, dragging.to].sort((a, b) => a - b) : period;
    if (shown) {
      c.fillStyle = t("accent-soft"); c.fillRect(x(shown[0]), TOP, Math.max(2, x(shown[1]) - x(shown[0])), EQUITY + 8 + FALL);
    }
    curve(c, data.held, y); c.strokeStyle = t("bench"); c.lineWidth = 0.9; c.stroke();
    curve(c, data.equity, y); c.strokeStyle = t("s1"); c.lineWidth = 1.5; c.stroke();
    curve(c, data.falls, fall); c.lineTo(x(data.n_bars - 1), fallTop); c.lineTo(0, fallTop); c.closePath();
    c.fillStyle = t("loss"); c.globalAlpha = 0.35; c.fill(); c.globalAlpha = 1;
    if (shown) {
      c.fillStyle = t("accent");
      for (const edge of shown) c.fillRect(Math.round(x(edge)) - 1, TOP, 2, EQUITY + 8 + FALL);
    }
    c.fillStyle = t("ink-2");
    c.textAlign = "left";
    c.fillText(`Equity${data.log ? ", log scale" : ""}, buy and hold in grey: drag to select a period`, 0, 7);
    c.fillText(data.worst, w + 8, Math.min(fall(data.deepest), fallTop + FALL - 6));
    const base = fallTop + FALL + 0.5;
    c.strokeStyle = t("line"); c.lineWidth = 1; c.beginPath(); c.moveTo(0, base); c.lineTo(w, base); c.stroke();
    if (view && (view[0] > 0 || view[1] < data.n_bars)) { c.fillStyle = t("ink-2"); c.fillRect(x(Math.max(0, view[0])), base, Math.max(3, x(Math.min(data.n_bars - 1, view[1])) - x(Math.max(0, view[0]))), 2); }
    let end = -Infinity;
    c.textAlign = "center"; c.fillStyle = t("ink-2");
    for (const [at, name] of data.times) {
      const half = c.measureText(name).width / 2, centre = Math.max(half, x(at));
      if (centre - half < end + 12 || centre + half > width()) continue;
      end = centre + half;
      c.fillText(name, centre, HEIGHT - 8);
    }
  }
  const px = (event) => event.clientX - canvas.getBoundingClientRect().left;
  canvas.addEventListener("pointerdown", (event) => {
    if (!data || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    dragging = { from: bar(px(event)), to: bar(px(event)), start: px(event), moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!dragging) return;
    dragging.to = bar(px(event));
    dragging.moved ||= Math.abs(px(event) - dragging.start) > 3;
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    if (!dragging) return;
    const { from, to, moved } = dragging;
    dragging = null;
    if (moved) brushed(Math.min(from, to), Math.max(from, to));
    else if (period) brushed(null, null);
    draw();
  });
  canvas.addEventListener("pointercancel", () => { dragging = null; draw(); });
  return {
    node: canvas, draw,
    take(message, buffers) {
      const [a, b, c, d, e, f] = buffers.map((view_) => numbers(view_));
      data = { ...message, equity: [a, b], held: [c, d], falls: [e, f] };
      draw();
    },
    period(given) { period = given; draw(); },
    view(given) { view = given; draw(); },
    last: () => (data ? data.n_bars - 1 : 0),
  };
}

// ---- candles --------------------------------------------------------------------------------------------------------

/** lightweight-charts, sent by the kernel to this page once, whatever the number of explorers: no notebook saves it. */
function chartLibrary(model) {
  const kept = (globalThis.__admCharts ??= {});
  const version = model.get("charts");
  return (kept[version] ??= new Promise((done, failed) => {
    const give = (why) => { delete kept[version]; failed(why); };
    const timer = setTimeout(() => give(new Error("the kernel did not send the chart library")), 30000);
    const take = (message, buffers) => {
      if (message.kind !== "library") return;
      model.off("msg:custom", take);
      clearTimeout(timer);
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
      import(/* webpackIgnore: true */ url).then(done, give).finally(() => URL.revokeObjectURL(url));
    };
    model.on("msg:custom", take);
    model.send({ kind: "library" });
  }));
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function priceChart({ model, moved }) {
  const title = el("p", { class: "adm-s adm-muted xp-cap" });
  const said = el("span", {});
  const place = el("div", { class: "xp-candles", role: "img", "aria-label": "Candles with entries and exits" });
  const node = el("div", {}, title, place);
  let chart = null, series = null, marks = null, loaded = null, view = null, name = "", ask = 0, setting = false, symbol = 0, n = 0;

  const two = (v) => String(v).padStart(2, "0");
  const clock = (seconds) => {
    if (!loaded.timed) return `bar ${number(seconds)}`;
    const d = new Date(seconds * 1000);
    const day = `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
    return loaded.intraday ? `${day} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}` : day;
  };
  const tick = (seconds, kind) => {
    if (!loaded?.timed) return number(seconds);
    const d = new Date(seconds * 1000);
    if (kind === 0) return String(d.getUTCFullYear());
    if (kind === 1) return MONTHS[d.getUTCMonth()];
    if (kind === 2) return String(d.getUTCDate());
    return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${kind === 4 ? `:${two(d.getUTCSeconds())}` : ""}`;
  };
  const price = (v) => number(v, loaded?.decimals ?? 2);
  const look = () => {
    const t = (key) => token(place, key);
    return {
      layout: { background: { type: "solid", color: t("bg") }, textColor: t("ink-2"), fontSize: 11, fontFamily: getComputedStyle(place).fontFamily, attributionLogo: true },
      grid: { vertLines: { visible: false }, horzLines: { color: isDark() ? "#262626" : "#ebebeb" } },
      crosshair: { mode: 0, vertLine: { color: t("ink-3"), style: 2, labelBackgroundColor: t("ink-2") }, horzLine: { color: t("ink-3"), style: 2, labelBackgroundColor: t("ink-2") } },
    };
  };
  const colours = () => {
    const [up, down] = [token(place, "gain"), token(place, "loss")];
    return { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false };
  };
  async function make() {
    const lib = await chartLibrary(model);
    if (chart) return;
    chart = lib.createChart(place, {
      autoSize: true, ...look(), rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.1, bottom: 0.07 } },
      timeScale: { borderVisible: false, allowBoldLabels: false, minBarSpacing: 0.5, tickMarkFormatter: tick },
      localization: { timeFormatter: clock, priceFormatter: price },
      handleScroll: { mouseWheel: false, vertTouchDrag: false }, handleScale: { mouseWheel: false },
    });
    series = chart.addSeries(lib.CandlestickSeries, { ...colours(), lastValueVisible: false, priceLineVisible: false });
    marks = lib.createSeriesMarkers(series, []);
    chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (setting || !range || !loaded) return;
      view = [loaded.start + range.from * loaded.step, loaded.start + (range.to + 1) * loaded.step];
      tell(); check();
    });
    chart.subscribeCrosshairMove((event) => {
      const bar = event.time !== undefined && loaded ? loaded.data[loaded.times.indexOf(event.time)] : null;
      const mine = bar ? loaded.marks.filter((m) => loaded.times[Math.floor((m[0] - loaded.start) / loaded.step)] === event.time) : [];
      replace(said, !bar ? "" : [`  ${clock(bar.time)}  O ${price(bar.open)}  H ${price(bar.high)}  L ${price(bar.low)}  C ${price(bar.close)}`,
        mine.slice(0, 3).map((m) => `   ${m[5]}`), mine.length > 3 ? `   and ${mine.length - 3} more` : ""].flat().map((v) => document.createTextNode(v)));
    });
  }
  const roomFor = () => Math.max(200, place.clientWidth - 60);
  function wanted(span) {
    let step = 1;
    while (span / step > roomFor() / 3) step *= 2;
    return step;
  }
  const check = settled(() => {
    if (!view || !loaded) return;
    const span = Math.max(1, view[1] - view[0]), step = wanted(Math.min(span, n));
    const short = (view[0] < loaded.start && loaded.start > 0) || (view[1] > loaded.stop && loaded.stop < n);
    if (short || loaded.step > step || loaded.step * 8 <= step) request();
  }, 90);
  function request() {
    const span = Math.max(1, view[1] - view[0]);
    const start = Math.max(0, Math.floor(view[0] - span)), end = Math.min(n, Math.ceil(view[1] + span));
    const pixels = Math.min(6000, Math.ceil((roomFor() * (end - start)) / Math.min(span, n)));
    ask += 1;
    model.send({ kind: "candles", start, end, pixels, symbol, ask });
  }
  function tell() {
    if (!loaded || !view) return;
    const first = Math.max(0, Math.floor((view[0] - loaded.start) / loaded.step));
    const last = Math.min(loaded.times.length - 1, Math.ceil((view[1] - loaded.start) / loaded.step) - 1);
    const each = loaded.step > 1 ? `, ${number(loaded.step)} bars a candle` : "";
    const seen = loaded.marks.filter((m) => m[0] >= view[0] && m[0] < view[1]);
    const many = !loaded.marks.length && loaded.n_marks ? `; ${number(loaded.n_marks)} entries and exits: zoom in to see them` : "";
    const span = first <= last ? `   ${clock(loaded.times[first])} to ${clock(loaded.times[last])}` : "";
    replace(title, el("bdi", {}, name), document.createTextNode(`${span}${loaded.utc ? " UTC" : ""}${each}${many}`), said);
    const ink = token(place, "ink"), few = seen.length <= 8, end = [0, 0];
    const worded = (at, buys, text) => { // words where no others on their side, and no edge, are in the way
      const x = ((at - view[0]) / (view[1] - view[0])) * roomFor(), half = 3.4 * text.length;
      if (!few || x + half > roomFor() || x - half < end[+buys]) return undefined;
      end[+buys] = x + half;
      return text;
    };
    marks.setMarkers(loaded.marks.map(([at, , , buys, won, text]) => ({
      time: loaded.times[Math.floor((at - loaded.start) / loaded.step)],
      position: buys ? "belowBar" : "aboveBar", shape: buys ? "arrowUp" : "arrowDown",
      color: won === null ? ink : token(place, won ? "gain" : "loss"), size: 0.8, text: worded(at, buys, text),
    })));
    moved(symbol, view);
  }
  function apply() {
    if (!loaded || !chart) return;
    setting = true;
    chart.timeScale().setVisibleLogicalRange({ from: (view[0] - loaded.start) / loaded.step, to: (view[1] - loaded.start) / loaded.step - 1 });
    setting = false;
    tell();
  }
  return {
    node,
    symbol: () => symbol,
    view: () => view,
    /** Another row, or another symbol of it; the place stays where the bars are the same ones. */
    async begin(given, label, total, keep) {
      symbol = given; name = label;
      if (!keep || n !== total || !view) view = [0, total];
      n = total;
      try { await make(); } catch (error) {
        replace(place, el("p", { class: "xp-empty" }, `No candles: ${error.message}.`));
        return;
      }
      request();
    },
    take(message, buffers) {
      if (!chart || message.ask !== ask) return;
      const [times, open, high, low, close] = buffers.map((b) => numbers(b));
      const data = Array.from(times, (time, i) => ({ time, open: open[i], high: high[i], low: low[i], close: close[i] }));
      loaded = { ...message, times: Array.from(times), data };
      setting = true;
      chart.applyOptions({ timeScale: { timeVisible: message.intraday } });
      series.applyOptions({ priceFormat: { type: "price", precision: message.decimals, minMove: 10 ** -message.decimals } });
      series.setData(data);
      setting = false;
      apply();
    },
    show(from, to) {
      const least = 8, middle = (from + to) / 2;
      view = to - from < least ? [middle - least / 2, middle + least / 2] : [from, to];
      if (loaded) apply();
      check();
    },
    zoom(factor) {
      if (!view) return;
      const middle = (view[0] + view[1]) / 2, half = Math.max(4, Math.min(n / 2, ((view[1] - view[0]) / 2) * factor));
      const from = Math.max(0, Math.min(middle - half, n - 2 * half));
      this.show(from, from + 2 * half);
    },
    pan(part) {
      if (!view) return;
      const by = Math.max(-view[0], Math.min((view[1] - view[0]) * part, n - view[1]));
      this.show(view[0] + by, view[1] + by);
    },
    whole() { this.show(0, n); },
    wheel(on) { chart?.applyOptions({ handleScroll: { mouseWheel: false }, handleScale: { mouseWheel: on } }); },
    restyle() { if (chart) { chart.applyOptions(look()); series.applyOptions(colours()); tell(); } },
    end() { chart?.remove(); chart = series = marks = null; },
  };
}

// ---- the view -------------------------------------------------------------------------------------------------------

function render({ model, el: host }) {
  const get = (name) => model.get(name);
  const send = (kind, rest = {}) => model.send({ kind, ...rest });
  let heard = false, brush = "", chosenAt = get("position"), trades = false, row = null, inserting = null;

  const filter = el("input", { class: "adm-input", spellcheck: false, autocomplete: "off", placeholder: "sharpe > 0.4 and n_trades >= 8", value: get("query") });
  const status = el("span", { class: "adm-s adm-muted", role: "status" });
  const problem = el("p", { class: "xp-empty xp-problem", role: "alert", hidden: true });
  const nothing = el("p", { class: "xp-empty", hidden: true });
  const table = longTable({
    label: "Combinations", most: 11, ask: (start) => send("window", { start }),
    pick: (position, label) => {
      table.grid.focus({ preventScroll: true });
      chosenAt = position;
      if (label === undefined) send("at", { position }); else send("select", { row: label });
    },
    sort: (column) => send("sort", { column }),
  });
  const heat = heatMap({ choose: (label) => send("select", { row: label }) });
  const heatPane = el("div", { class: "adm-pane xp-heat", hidden: true }, heat.node);
  const top = el("div", { class: "adm-panes xp-top is-alone" }, el("div", { class: "adm-pane xp-tab" }, table.node), heatPane);

  const heading = el("h4", {});
  const period = el("span", { class: "adm-s adm-muted", role: "status" });
  const inView = el("button", { class: "adm-btn is-quiet xp-clear", title: "B", onclick: () => measureView() }, "Measure what is in view");
  const clear = el("button", { class: "adm-btn is-quiet xp-clear", title: "0", onclick: () => whole() }, "Whole history");
  const symbols = el("select", { class: "adm-select xp-symbols", "aria-label": "Symbol", hidden: true, onchange: () => startCandles(Number(symbols.value), false) });
  const figures = el("div", { class: "adm-figs xp-per" });
  const waiting = el("p", { class: "xp-empty", role: "status", hidden: true });
  const candles = priceChart({ model, moved: (symbol, view) => row && curves.view(row.symbols.length === 1 ? view : null) });
  const curves = overview({ brushed: (start, end) => measure(start, end) });
  const tradeTable = longTable({ label: "Trades", most: 8, ask: (start) => send("trades", { start }), pick: (at) => { tradeTable.choose(at); send("trade", { trade: at }); } });
  const tradeBox = el("div", { class: "xp-trades", hidden: true }, tradeTable.node);
  const charts = el("div", { class: "xp-c" }, candles.node, curves.node);
  const chosen = el("section", { class: "adm-pane xp-chart" },
    el("div", { class: "xp-sel" }, heading, period, el("span", { class: "xp-acts" }, symbols, inView, clear)), waiting, figures, charts, tradeBox);

  const hint = el("span", {});
  const tradeButton = el("button", { class: "adm-btn is-quiet", "aria-expanded": "false", onclick: () => showTrades(!trades) }, "Trades");
  const useButton = el("button", { class: "adm-btn is-main", onclick: () => send("use") }, "Use these parameters");
  const help = el("div", { class: "xp-help", hidden: true }, el("h4", {}, "Keys"),
    el("dl", {}, KEYS.map(([key, what]) => el("div", {}, el("dt", {}, el("kbd", { class: "adm-kbd" }, key)), el("dd", {}, what)))));
  const used = el("div", { class: "xp-used", hidden: true });
  const foot = el("div", { class: "adm-bar-end" },
    el("span", { class: "adm-grow adm-s adm-muted" }, hint, el("span", { class: "xp-k" },
      [["\u2191\u2193", "row"], ["S", "sort"], ["/", "filter"]].map(([key, what]) => [el("kbd", { class: "adm-kbd" }, key), ` ${what} `]),
      el("button", { class: "adm-btn is-quiet xp-keys", onclick: () => keys() }, el("kbd", { class: "adm-kbd" }, "?"), " all keys"))),
    el("div", { class: "adm-btns" }, tradeButton, useButton));
  const alone = el("div", { class: "xp-alone", hidden: true });
  const node = root(host, "Result explorer",
    el("div", { class: "adm-bar-top" }, el("div", { class: "adm-grow" }, el("h3", {}, named(get("title")))),
      el("label", { class: "xp-f" }, el("span", { class: "adm-sr" }, "Filter rows"), filter), status),
    problem, alone, nothing, top, chosen, help, used, foot);

  // ---- traits -> page

  const order = () => [get("sort_column"), get("descending")];
  function arranged() {
    const [n, total] = [get("n_rows"), get("n_total")];
    const most = n > ROWS_MOST ? `, the first ${number(ROWS_MOST)} in the table` : "";
    status.textContent = `${number(n)} of ${number(total)} rows${most}`;
    const none = get("nothing");
    nothing.hidden = !none;
    replace(nothing, none && document.createTextNode(`${none} `), none && get("query") && el("button", { class: "adm-btn is-quiet cb-add", onclick: () => setFilter("") }, "Clear the filter"));
    top.hidden = n === 0;
    if (document.activeElement !== filter) filter.value = get("query");
  }
  function refresh() {
    arranged();
    table.again(get("n_rows"), order());
    chosenAt = get("position");
    table.node.scrollTop = 0;
    table.reveal(chosenAt ?? 0);
  }
  function wrong() {
    const said = get("problem");
    problem.hidden = !said;
    if (said) filter.setAttribute("aria-invalid", "true"); else filter.removeAttribute("aria-invalid");
    const still = get("query") ? ` The rows are still those of ${get("query")}` : "";
    replace(problem, said && el("span", { class: "adm-msg" }, said), still && document.createTextNode(still));
  }
  function rowChosen() {
    const label = get("selected_row");
    table.choose(label);
    replace(heading, label === null ? document.createTextNode("No row is ok") : named(get("heading")));
    chosen.hidden = label === null;
    tradeButton.disabled = useButton.disabled = label === null;
    replace(hint, label === null ? document.createTextNode("") : [el("code", {}, `${get("name")}.selected`), document.createTextNode(" holds this row ")]);
    if (label === null) return;
    chosen.setAttribute("aria-busy", "true");
    slow();
    if (!heat.mark(label)) send("heat");
  }
  const slow = settled(() => {
    if (chosen.getAttribute("aria-busy") !== "true") return;
    waiting.hidden = false;
    waiting.textContent = `Computing trades and equity of row ${number(get("selected_row"))}`;
  }, 300);
  function periodChanged() {
    const now = get("period");
    curves.period(now);
    clear.disabled = !now;
    if (brush !== JSON.stringify(now)) { brush = JSON.stringify(now); send("brush", now ? { start: now[0], end: now[1] } : {}); }
  }
  function useShown() {
    const { cell, why, row: label } = get("used");
    used.hidden = !cell && !why;
    if (used.hidden) return;
    const copy = el("button", { class: "adm-btn", onclick: () => copied(cell, copy) }, "Copy");
    const insert = el("button", { class: "adm-btn", onclick: () => { inserting = insert; insert.disabled = true; send("cell"); } }, "Insert as cell");
    replace(used, el("p", { class: "adm-s" }, el("code", {}, `${get("name")}.config`), ` holds row ${number(label)} as a config of its own`,
      cell ? ", and this cell runs it:" : `. It can't be written as a cell: ${why}`), cell && el("pre", { tabindex: "0" }, cell), cell && el("div", { class: "adm-btns" }, insert, copy));
  }

  // ---- what the user does

  function setFilter(text) { filter.value = text; send("filter", { text }); }
  const typed = settled(() => send("filter", { text: filter.value }), 300);
  filter.addEventListener("input", typed);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { send("filter", { text: filter.value }); event.preventDefault(); }
    if (event.key === "Escape") { setFilter(""); table.grid.focus(); }
    if (event.key === "ArrowDown") { table.grid.focus(); event.preventDefault(); }
  });
  function measure(start, end) {
    brush = JSON.stringify(start === null ? null : [start, end]);
    send("brush", start === null ? {} : { start, end });
  }
  function measureView() {
    const view = candles.view();
    if (!view || !row || row.symbols.length > 1) return;
    measure(Math.max(0, Math.round(view[0])), Math.min(curves.last(), Math.round(view[1]) - 1));
  }
  function whole() { candles.whole(); if (get("period")) measure(null, null); }
  function go(position) {
    const n = Math.min(get("n_rows"), ROWS_MOST);
    if (!n) return;
    chosenAt = Math.max(0, Math.min(n - 1, position));
    table.reveal(chosenAt);
    send("at", { position: chosenAt });
  }
  function showTrades(open) {
    trades = open && row !== null && row.n_trades > 0;
    tradeBox.hidden = !trades;
    tradeButton.setAttribute("aria-expanded", String(trades));
    if (trades) { tradeTable.begin(row.trade_columns, row.n_trades); tradeTable.grid.focus({ preventScroll: true }); }
  }
  function keys() { help.hidden = !help.hidden; }
  async function copied(text, button) {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = el("textarea", { value: text, class: "adm-sr" });
      node.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    if (button) { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1500); }
  }
  node.addEventListener("keydown", (event) => {
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const inTrades = tradeBox.contains(event.target), at = chosenAt ?? -1;
    const moves = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), PageDown: at + table.page(), PageUp: at - table.page(), Home: 0, End: get("n_rows") - 1 };
    const acts = {
      ArrowLeft: () => table.move(-1), ArrowRight: () => table.move(1), s: () => send("sort", { column: table.column().name }),
      "/": () => { filter.focus(); filter.select(); }, Enter: () => showTrades(true), u: () => send("use"), h: () => heatPane.hidden || heat.canvas.focus(),
      "[": () => candles.pan(-0.25), "]": () => candles.pan(0.25), "+": () => candles.zoom(0.6), "=": () => candles.zoom(0.6),
      "-": () => candles.zoom(1 / 0.6), 0: whole, b: measureView, "?": keys,
      c: () => copied((table.row(chosenAt) ?? []).join("\t")),
      Escape: () => { if (!help.hidden) help.hidden = true; else if (trades) { showTrades(false); table.grid.focus(); } else if (get("query")) setFilter(""); },
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.target.tagName === "BUTTON" && (key === "Enter" || key === " ")) return;
    if (key in moves && !inTrades) go(moves[key]);
    else if (key in acts && !(inTrades && key === "Enter")) acts[key]();
    else return;
    event.preventDefault();
  });
  node.addEventListener("focusin", () => candles.wheel(true));
  node.addEventListener("focusout", () => candles.wheel(false));
  candles.node.addEventListener("pointerdown", () => { if (!node.contains(document.activeElement)) table.grid.focus({ preventScroll: true }); });

  // ---- what comes back

  function startCandles(symbol, keep) {
    const label = `${row.symbols[symbol]}${row.every[symbol] ? `, ${row.every[symbol]}` : ""}`;
    void candles.begin(symbol, label, row.bars[symbol], keep);
  }
  const take = {
    window: (m) => m.version === get("version") && table.take(m.start, m.rows, m.labels),
    heat: (m, buffers) => {
      heatPane.hidden = m.none === true;
      top.classList.toggle("is-alone", heatPane.hidden);
      heat.take(m, buffers);
    },
    row: (m, buffers) => {
      if (m.row !== get("selected_row")) return;
      chosen.setAttribute("aria-busy", "false");
      waiting.hidden = !m.error;
      charts.hidden = figures.hidden = Boolean(m.error);
      showTrades(false);
      if (m.error) { row = null; waiting.textContent = m.error; period.textContent = ""; tradeButton.disabled = inView.hidden = true; tradeButton.textContent = "Trades"; return; }
      const same = row && row.symbols.join() === m.symbols.join();
      row = m;
      tradeButton.disabled = m.n_trades === 0;
      tradeButton.textContent = `Trades (${number(m.n_trades)})`;
      symbols.hidden = m.symbols.length < 2;
      inView.hidden = m.symbols.length > 1;
      replace(symbols, m.symbols.map((name, i) => el("option", { value: String(i) }, name)));
      curves.take(m, buffers);
      startCandles(same ? candles.symbol() : 0, same);
      const now = get("period");
      brush = JSON.stringify(now);
      send("brush", now ? { start: now[0], end: now[1] } : {});
    },
    figures: (m) => {
      if (m.row !== get("selected_row")) return;
      period.textContent = m.said;
      replace(figures, el("table", {}, el("colgroup", {}, el("col")), el("thead", {}, el("tr", {}, el("th"), m.heads.map(([h, means]) => el("th", { scope: "col", title: means }, h)))),
        el("tbody", {}, m.rows.map(([name, cells], i) => el("tr", { class: i ? "is-bench" : "is-lead" }, el("th", { scope: "row" }, name),
          cells.map(([text, unit, tone, title]) => el("td", { title: title || undefined }, el("span", { class: tone ? `adm-${tone}` : undefined }, text, unit && el("span", { class: "adm-u" }, unit)))))))));
      curves.period(get("period"));
      if (get("period")) candles.show(...m.view[candles.symbol()]);
    },
    candles: (m, buffers) => m.row === get("selected_row") && candles.take(m, buffers),
    trades: (m) => m.row === get("selected_row") && tradeTable.take(m.start, m.rows, null),
    goto: (m) => { if (m.symbol !== candles.symbol()) { symbols.value = String(m.symbol); startCandles(m.symbol, false); } candles.show(m.start, m.end); },
    cell: (m) => { // of several views of one explorer, the one that was asked
      if (inserting) inserting.textContent = insertBelow(model, host, m.id, m.text) ? "Inserted below" : "No cells can be inserted here: copy it";
      inserting = null;
    },
    failed: (m) => { waiting.hidden = false; waiting.textContent = m.said; },
  };
  const hear = (message, buffers) => {
    if (!heard) {
      heard = alone.hidden = true;
      foot.hidden = false;
      chosen.hidden = get("selected_row") === null;
      arranged();
      table.reveal(chosenAt);
    }
    take[message.kind]?.(message, buffers ?? []);
  };
  const stop = listening(model, {
    "msg:custom": hear, "change:version": refresh, "change:problem": wrong, "change:selected_row": rowChosen,
    "change:position": () => { chosenAt = get("position"); table.reveal(chosenAt); }, "change:period": periodChanged, "change:used": useShown,
  });
  const again = () => { heat.draw(); curves.draw(); candles.restyle(); };
  const themes = new MutationObserver(settled(again, 60));
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  const sizes = new ResizeObserver(settled(() => { heat.draw(); curves.draw(); table.reveal(chosenAt); }, 60));
  sizes.observe(node);

  const quiet = setTimeout(() => {
    if (heard) return;
    alone.hidden = false;
    top.hidden = chosen.hidden = foot.hidden = true;
    replace(alone, el("p", { class: "xp-empty" }, "Waiting for the kernel. Live controls need a running kernel: if it has stopped, run this cell again."), el("pre", { class: "xp-text" }, get("summary")));
  }, 4000);
  arranged(); wrong(); useShown();
  table.begin(get("columns"), get("n_rows"), order(), get("n_total"));
  rowChosen();
  clear.disabled = !get("period");
  table.reveal(chosenAt);
  if (get("selected_row") !== null) send("row");
  return () => { stop(); clearTimeout(quiet); themes.disconnect(); sizes.disconnect(); candles.end(); };
}

export default { render };
