// Candles with the trades of the chosen row, over any number of bars: what is in view is asked for.

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

const EDGE = 18; // pixels beyond the first bar and the last, so that the years below them are whole
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function priceChart({ model, moved }) {
  const title = el("p", { class: "adm-s adm-muted xp-cap" });
  const said = el("span", {});
  const place = el("div", { class: "xp-candles", role: "img", "aria-label": "Candles with entries and exits" });
  const node = el("div", {}, title, place);
  let chart = null, series = null, marks = null, loaded = null, view = null, name = "", ask = 0, setting = false, put = null, symbol = 0, n = 0;

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
      if (put && Math.abs(range.from - put.from) < 1e-6 && Math.abs(range.to - put.to) < 1e-6) return; // our own, told later
      view = [Math.max(0, loaded.start + range.from * loaded.step), Math.min(n, loaded.start + (range.to + 1) * loaded.step)];
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
    const [from, to] = view.map((bar) => (bar - loaded.start) / loaded.step), edge = (EDGE * (to - from)) / roomFor();
    put = { from: from - (view[0] <= 0 ? edge : 0), to: to - 1 + (view[1] >= n ? edge : 0) };
    chart.timeScale().setVisibleLogicalRange(put);
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
