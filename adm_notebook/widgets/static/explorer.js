// The result explorer. What it shows comes by messages, asked for when it is needed; what is chosen stands in traits.

const KEYS = [
  ["\u2191 \u2193, Page, Home, End", "row"], ["\u2190 \u2192, then S", "column, sort; again: reverse"],
  ["/ and Esc", "filter, clear it"], ["Enter", "the row's trades"], ["U", "use these parameters"],
  ["H", "to the heatmap: arrows move, Enter selects"], ["[ ]", "pan the prices"], ["+ \u2212", "zoom"],
  ["0", "whole history"], ["B", "measure the period in view"], ["C", "copy the row"], ["?", "these keys"],
];

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
  const help = el("div", { class: "xp-help", hidden: true }, el("h4", {}, "Keys"), keyList(KEYS));
  const used = el("div", { class: "xp-used", hidden: true });
  const foot = el("div", { class: "adm-bar-end" },
    el("span", { class: "adm-grow adm-s adm-muted" }, hint, el("span", { class: "xp-k" },
      [["\u2191\u2193", "row"], ["S", "sort"], ["/", "filter"]].map(([key, what]) => [kbd(key), ` ${what} `]),
      el("button", { class: "adm-btn is-quiet xp-keys", onclick: () => keys() }, kbd("?"), " all keys"))),
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
  const unthemed = followTheme(model, settled(again, 60));
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
  return () => { stop(); clearTimeout(quiet); unthemed(); sizes.disconnect(); candles.end(); };
}

export default { render };
