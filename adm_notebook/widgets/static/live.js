// The live view of a run: draws what the traits say. Buttons send one word; the kernel decides what comes of it.

const STATES = {
  starting: ["is-run", "\u25cf", "Starting"],
  running: ["is-run", "\u25cf", "Running"],
  paused: ["is-warn", "\u2016", "Paused"],
  stopping: ["is-warn", "\u25d0", "Stopping"],
  stopped: ["is-warn", "\u25d0", "Stopped, partial"],
  failed: ["is-error", "\u2715", "Failed"],
  finished: ["is-ok", "", "Finished"],
};
const GLYPHS = {
  wait: ["is-wait", "\u25cb"],
  run: ["is-run", "\u25d0"],
  idle: ["", "\u25cf"],
  done: ["", "\u25cf"],
  fail: ["lv-bad", "\u2715"],
};
const ENDED = ["stopped", "failed", "finished"];
const GREETINGS = 20;
const SILENCE = 10000; // milliseconds without news after which the kernel is taken for gone: it speaks four times a second
const SPOKEN = 5000; // milliseconds between two things that a screen reader is told

function share(head) {
  if (head.total === 1 && head.bars[0] && head.bars[1]) return head.bars[0] / head.bars[1];
  return head.total > 0 ? Math.min(1, head.done / head.total) : 0;
}

function speed(rate) {
  return rate >= 1 ? `${number(rate)} per second` : `${number(1 / rate, 1)} s each`;
}

function whole(seconds) {
  return seconds < 60 ? `${Math.round(seconds)} s` : duration(seconds);
}

/** A sentence whose words between backquotes are code. */
function coded(text) {
  return text.split(/`([^`]+)`/).map((part, k) => (k % 2 ? el("code", {}, part) : part));
}

function progressWords(head, frame) {
  if (head.note) return [head.note];
  if (frame.single) return head.bars[0] ? [el("b", {}, number(head.bars[0])), ` of ${number(head.bars[1])} bars`] : ["One backtest"];
  const percent = Math.floor(share(head) * 100);
  const words = [el("b", {}, number(head.done)), ` of ${number(head.total)} combinations, ${percent}%`];
  if (head.failed) words.push(", ", el("span", { class: "lv-bad" }, `${number(head.failed)} failed`));
  if (head.refused) words.push(`, ${number(head.refused)} refused`);
  return words;
}

function timeWords(head, frame) {
  if (head.state === "paused") return `paused for ${whole(head.paused ?? 0)}`;
  const words = [whole(head.elapsed) + (ENDED.includes(head.state) ? "" : " so far")];
  if (!frame.single && head.rate && !ENDED.includes(head.state)) words.push(speed(head.rate));
  if (!frame.single && head.done === head.total && head.state === "running") words.push("putting the result together");
  else if (!frame.single && head.left !== null && head.state === "running") words.push(`${whole(head.left)} left`);
  return words.join(", ");
}

// ---- the heatmap ----------------------------------------------------------------------------------------------------

const SHADES = {
  light: { diverging: ["#a63a00", "#e0a583", "#f4f1ee", "#7fbfb5", "#00695c"], sequential: ["#e3ecf6", "#8fb4d9", "#123f73"], empty: "#e4e7eb" },
  dark: { diverging: ["#ff8f5a", "#8a4a2c", "#232323", "#2d7569", "#62d8c2"], sequential: ["#16202b", "#2f5f91", "#a9d2fb"], empty: "#2c3036" },
};

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function mixed(stops, share_) {
  const at = Math.min(0.9999, Math.max(0, share_)) * (stops.length - 1);
  const low = Math.floor(at);
  const [a, b] = [rgb(stops[low]), rgb(stops[low + 1])];
  return a.map((from, k) => Math.round(from + (b[k] - from) * (at - low)));
}

/** From a value to its place between the ends of the scale, and the scale's stops. */
function scaleOf(values, shades) {
  let low = Infinity, high = -Infinity;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return null;
  if (low < 0 && high > 0) {
    const reach = Math.max(-low, high);
    return { low, high, stops: shades.diverging, place: (v) => (v / reach + 1) / 2 };
  }
  const span = high - low;
  return { low, high, stops: shades.sequential, place: (v) => (span ? (v - low) / span : 0.5) };
}

/** Which values of an axis get a label: as many as fit, evenly, and that of the best. */
function ticks(count, room, each) {
  const step = Math.max(1, Math.ceil((count * each) / Math.max(room, 1)));
  return Array.from({ length: Math.ceil(count / step) }, (_, k) => k * step);
}

function heatmap(model) {
  const canvas = el("canvas", { class: "lv-canvas", role: "img" });
  const said = el("span", { class: "lv-at adm-s adm-muted" });
  const caption = el("div", { class: "lv-cap" }, el("h4", {}), said);
  const pane = el("section", { class: "adm-pane lv-heat" }, caption, canvas);
  let geometry = null;

  function values() {
    const { plane } = model.get("frame");
    const all = new Float32Array(plane.rows.values.length * plane.columns.values.length).fill(NaN);
    for (let k = 0; k * plane.band < all.length; k += 1) {
      const bytes = model.get(`band_${k}`);
      if (!bytes || !bytes.byteLength) continue;
      const held = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      all.set(new Float32Array(held), k * plane.band);
    }
    return all;
  }

  function draw() {
    const { plane } = model.get("frame");
    const width = Math.floor(pane.clientWidth - 24);
    if (!plane || width < 40) return;
    const [nr, nc] = [plane.rows.values.length, plane.columns.values.length];
    caption.firstChild.textContent = plane.title;
    const style = getComputedStyle(pane);
    const ink = style.getPropertyValue("--adm-ink").trim() || "#212121";
    const ink2 = style.getPropertyValue("--adm-ink-2").trim() || "#5a5f66";
    const ground = style.getPropertyValue("--adm-bg").trim() || "#ffffff";
    const shades = SHADES[isDark() ? "dark" : "light"];
    const font = `11px ${style.fontFamily}`;
    const context = canvas.getContext("2d");
    context.font = font;
    const left = 8 + Math.max(12, ...plane.rows.values.map((text) => context.measureText(text).width));
    const right = 66, bottom = 22, top = 4;
    const inner = Math.max(40, width - left - right);
    const tall = Math.max(60, Math.min(220, nr * Math.max(8, Math.min(24, inner / nc))));
    const height = tall + top + bottom;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = font;
    const all = values();
    const scale = scaleOf(all, shades);
    const image = new ImageData(nc, nr);
    const empty = rgb(shades.empty);
    for (let i = 0; i < all.length; i += 1) {
      const v = all[i];
      let color = empty;
      if (scale && !Number.isNaN(v)) {
        color = v === -Infinity ? empty : mixed(scale.stops, scale.place(v));
      }
      image.data.set([...color, 255], ((nr - 1 - Math.floor(i / nc)) * nc + (i % nc)) * 4);
    }
    for (const [start, length] of plane.left_out) {
      for (let i = start; i < start + length; i += 1) {
        image.data[((nr - 1 - Math.floor(i / nc)) * nc + (i % nc)) * 4 + 3] = 0;
      }
    }
    const small = document.createElement("canvas");
    small.width = nc;
    small.height = nr;
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, width, height);
    context.drawImage(small, left, top, inner, tall);
    geometry = { left, top, inner, tall, nr, nc, all, plane };

    const best = model.get("head").best;
    const bold = `600 11px ${style.fontFamily}`;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const y = (row) => top + tall - ((row + 0.5) * tall) / nr;
    const x = (column) => left + ((column + 0.5) * inner) / nc;
    for (const row of ticks(nr, tall, 16)) {
      if (best && Math.abs(y(row) - y(best[0])) < 13) continue;
      context.fillStyle = ink2;
      context.fillText(plane.rows.values[row], left - 6, y(row));
    }
    context.textAlign = "center";
    const widest = Math.max(...plane.columns.values.map((text) => context.measureText(text).width)) + 14;
    for (const column of ticks(nc, inner, widest)) {
      if (best && Math.abs(x(column) - x(best[1])) < widest) continue;
      context.fillStyle = ink2;
      context.fillText(plane.columns.values[column], x(column), top + tall + 12);
    }
    if (best) {
      context.font = bold;
      context.fillStyle = ink;
      context.fillText(best[3], Math.min(Math.max(x(best[1]), left + 8), left + inner - 4), top + tall + 12);
      context.textAlign = "right";
      context.fillText(best[2], left - 6, y(best[0]));
      context.strokeStyle = ink;
      context.lineWidth = 2;
      const [w, h] = [inner / nc, tall / nr];
      context.beginPath();
      if (w < 6 || h < 6) context.arc(x(best[1]), y(best[0]), 5, 0, 2 * Math.PI);
      else context.rect(x(best[1]) - w / 2, y(best[0]) - h / 2, w, h);
      context.stroke();
    }
    if (scale) {
      const bar = left + inner + 12;
      for (let k = 0; k < tall; k += 1) {
        const v = scale.low + ((scale.high - scale.low) * (tall - k)) / tall;
        context.fillStyle = `rgb(${mixed(scale.stops, scale.place(v)).join(",")})`;
        context.fillRect(bar, top + k, 8, 1);
      }
      context.font = font;
      context.fillStyle = ink2;
      context.textAlign = "left";
      context.fillText(number(scale.high, 2), bar + 12, top + 6);
      if (scale.high > scale.low) context.fillText(number(scale.low, 2), bar + 12, top + tall - 6);
      const zero = top + tall * (scale.high / (scale.high - scale.low));
      if (scale.low < 0 && scale.high > 0 && zero > top + 20 && zero < top + tall - 20) context.fillText("0", bar + 12, zero);
    }
    const known = all.filter((v) => Number.isFinite(v)).length;
    canvas.setAttribute("aria-label", `${plane.title}: ${number(known)} of ${number(nr * nc - plane.left_out.reduce((n, r) => n + r[1], 0))} cells`
      + (best ? `, best at ${plane.rows.name} ${best[2]}, ${plane.columns.name} ${best[3]}` : ""));
    canvas.style.background = ground;
  }

  canvas.addEventListener("mousemove", (event) => {
    if (!geometry) return;
    const { left, top, inner, tall, nr, nc, all, plane } = geometry;
    const column = Math.floor(((event.offsetX - left) / inner) * nc);
    const row = nr - 1 - Math.floor(((event.offsetY - top) / tall) * nr);
    if (row < 0 || row >= nr || column < 0 || column >= nc) return void (said.textContent = "");
    const v = all[row * nc + column];
    const out = plane.left_out.some(([start, n]) => row * nc + column >= start && row * nc + column < start + n);
    const text = out ? "left out" : Number.isNaN(v) ? "not done yet" : v === -Infinity ? "no value" : number(v, 3);
    said.textContent = `${plane.rows.name} ${plane.rows.values[row]}, ${plane.columns.name} ${plane.columns.values[column]}: ${text}`;
  });
  canvas.addEventListener("mouseleave", () => (said.textContent = ""));
  return { pane, draw };
}

// ---- the equity of one backtest -------------------------------------------------------------------------------------

function equityCurve(model) {
  const canvas = el("canvas", { class: "lv-canvas", role: "img" });
  const pane = el("section", { class: "adm-pane lv-heat lv-equity" }, el("h4", {}, "Equity so far"), canvas);

  function draw() {
    const bytes = model.get("curve");
    const shown = bytes && bytes.byteLength > 0;
    pane.style.display = shown ? "" : "none";
    if (!shown) return;
    const points = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const width = Math.floor(pane.clientWidth - 24), height = 150;
    if (width < 40) return;
    const style = getComputedStyle(pane);
    const color = (name) => style.getPropertyValue(name).trim();
    const context = canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = `11px ${style.fontFamily}`;
    const [done, bars] = model.get("head").bars;
    let low = Math.min(...points), high = Math.max(...points);
    if (low === high) [low, high] = [low - 1, high + 1];
    const labels = [high, low].map((v) => number(v));
    const right = 10 + Math.max(...labels.map((text) => context.measureText(text).width));
    const inner = width - right, top = 6, tall = height - 2 * top;
    const x = (k) => (k / Math.max(1, points.length - 1)) * inner * (bars ? Math.min(1, done / bars) : 1);
    const y = (v) => top + tall * ((high - v) / (high - low));
    context.strokeStyle = color("--adm-line");
    context.lineWidth = 1;
    for (const v of [high, low]) {
      context.beginPath();
      context.moveTo(0, y(v));
      context.lineTo(inner, y(v));
      context.stroke();
    }
    context.strokeStyle = color("--adm-s1");
    context.lineWidth = 1.5;
    context.beginPath();
    points.forEach((v, k) => (k ? context.lineTo(x(k), y(v)) : context.moveTo(x(k), y(v))));
    context.stroke();
    context.fillStyle = color("--adm-ink-2");
    context.textBaseline = "middle";
    labels.forEach((text, k) => context.fillText(text, inner + 8, k ? y(low) - 2 : y(high) + 2));
    canvas.setAttribute("aria-label", `Equity so far: ${number(points[points.length - 1])}, lowest ${labels[1]}, highest ${labels[0]}`);
  }

  return { pane, draw };
}

// ---- the view -------------------------------------------------------------------------------------------------------

function render({ model, el: place }) {
  const frame = model.get("frame");
  const status = el("span", { class: "adm-status" });
  const spoken = el("span", { class: "adm-sr", role: "status", "aria-live": "polite" });
  const fill = el("i", { style: { "--v": 0 } });
  const track = el("div", { class: "adm-track", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": "Combinations done" }, fill);
  const done = el("span"), time = el("span");
  const banner = el("div", { class: "lv-ban" });
  const memory = el("span", { class: "adm-muted adm-s" });
  const meterFill = el("i", { style: { "--v": 0 } });
  const meter = el("div", { class: "adm-track is-idle", role: "meter", "aria-label": "Memory", "aria-valuemin": "0" }, meterFill);
  const press = (word) => () => model.send({ do: word });
  const pause = el("button", { class: "adm-btn", type: "button", onclick: () => press(pause.dataset.word)() }, "Pause");
  const stop = el("button", { class: "adm-btn", type: "button", onclick: press("stop") }, "Stop");
  const hint = el("span", { class: "adm-s adm-muted" });
  const buttons = el("div", { class: "adm-btns" }, hint, pause, stop);

  const rows = (frame.boxes ?? []).map(([depth, name, what]) => {
    const glyph = el("span", { class: "adm-gl", "aria-hidden": "true" });
    const said = el("span", { class: "adm-st" });
    const label = el("span", { class: "adm-grow", title: what ? `${name}: ${what}` : name }, el("bdi", {}, el("b", {}, name)), " ", el("bdi", { class: "adm-muted" }, what));
    const item = el("li", { role: "treeitem", "aria-level": String(depth + 1) }, el("div", { class: "adm-row", style: { "--d": depth } }, glyph, label, said));
    return { item, glyph, said };
  });
  const more = frame.more ? el("li", { class: "adm-muted adm-s lv-more" }, `and ${number(frame.more)} more`) : null;
  const tree = el("section", { class: "adm-pane" }, el("h4", {}, "Containers"), el("ul", { class: "adm-tree", role: "tree", "aria-label": "Containers of this run" }, rows.map((row) => row.item), more));
  const table = el("div", { class: "adm-scroll" });
  const best = frame.single ? null : el("section", { class: "adm-pane" }, el("h4", {}, "Best so far"), table);
  const panes = el("div", { class: best ? "adm-panes lv-panes" : "adm-panes lv-panes is-one" }, tree, best);
  const heat = frame.plane ? heatmap(model) : frame.single ? equityCurve(model) : null;
  const node = root(place, `Run ${frame.title}`,
    el("div", { class: "adm-bar-top lv-top" }, el("div", { class: "adm-grow" }, el("h3", {}, named(frame.title))), status, spoken),
    el("div", { class: "lv-prog" }, track, el("div", { class: "lv-line" }, done, time)),
    banner, panes, heat?.pane,
    el("div", { class: "adm-bar-end" }, el("div", { class: "lv-mem adm-grow" }, memory, meter), buttons));

  let lastSpoken = 0, lastState = "", news = performance.now();
  function drawHead() {
    const head = model.get("head");
    const busy = !ENDED.includes(head.state);
    const lost = busy && (performance.now() - news > SILENCE || place.closest(".jupyter-widgets-disconnected") !== null);
    const [kind, glyph, word] = lost ? ["is-warn", "\u25cb", "No news from the kernel"] : STATES[head.state] ?? STATES.running;
    status.className = `adm-status ${kind}`;
    status.dataset.glyph = glyph;
    status.textContent = word;
    const unknown = frame.single && busy && !head.bars[0];
    track.className = `adm-track ${head.state === "paused" ? "is-warn" : head.state === "failed" ? "is-error" : ""}`;
    fill.style.setProperty("--v", head.state === "finished" ? 1 : share(head));
    if (unknown) track.removeAttribute("aria-valuenow");
    else track.setAttribute("aria-valuenow", String(Math.floor(share(head) * 100)));
    replace(done, progressWords(head, frame).map((part) => (part instanceof Node ? part : document.createTextNode(part))));
    time.textContent = timeWords(head, frame);
    replace(banner, head.banner ? el("div", { class: "adm-banner is-error", role: "alert" }, el("b", {}, `${head.banner[0]}: `), el("span", {}, coded(head.banner[1]))) : null);
    const limit = head.limit;
    memory.textContent = head.memory === null ? (limit ? `Memory limit ${number(limit)} MB` : "") :
      limit ? `Memory ${number(head.memory)} of ${number(limit)} MB` : `Memory +${number(head.memory)} MB`;
    meter.style.display = limit && head.memory !== null ? "" : "none";
    if (limit && head.memory !== null) {
      meterFill.style.setProperty("--v", Math.min(1, head.memory / limit));
      meter.setAttribute("aria-valuemax", String(Math.round(limit)));
      meter.setAttribute("aria-valuenow", String(Math.round(Math.min(head.memory, limit))));
    }
    const controls = model.get("controls");
    const able = busy && !lost && controls === "on";
    const word_ = head.state === "paused" ? "resume" : "pause";
    pause.dataset.word = word_;
    pause.textContent = word_ === "resume" ? "Resume" : "Pause";
    pause.className = word_ === "resume" ? "adm-btn is-main" : "adm-btn";
    pause.disabled = !able || head.state === "stopping" || head.state === "starting";
    stop.disabled = !able || head.state === "stopping";
    buttons.style.display = busy || lost ? "" : "none";
    if (lost) hint.textContent = "Live controls need a running kernel.";
    else if (busy && controls === "interrupt") replace(hint, document.createTextNode("To stop, interrupt the kernel: press "), el("kbd", { class: "adm-kbd" }, "I"), document.createTextNode(" twice"));
    else hint.textContent = "";
    const now = performance.now();
    if (word !== lastState || now - lastSpoken > SPOKEN) {
      lastSpoken = now;
      lastState = word;
      spoken.textContent = `${word}. ${done.textContent}. ${time.textContent}`;
    }
  }

  function drawStates() {
    model.get("states").forEach(([state, text], k) => {
      if (!rows[k]) return;
      const [kind, glyph] = GLYPHS[state] ?? GLYPHS.wait;
      rows[k].item.className = kind === "is-wait" ? "is-wait" : "";
      rows[k].glyph.className = `adm-gl ${kind}`;
      rows[k].glyph.textContent = glyph;
      rows[k].said.textContent = text;
    });
  }

  function drawBest() {
    if (!best) return;
    const found = model.get("best");
    if (!found.rows?.length) {
      replace(table, el("p", { class: "adm-muted adm-s" }, "No combination is finished yet."));
      return;
    }
    const isSorted = (k) => k === found.sorted;
    const heads = found.columns.map(([label, left], k) => el("th", { scope: "col", class: left ? "adm-l" : undefined, "aria-sort": isSorted(k) ? (label.endsWith("\u2191") ? "ascending" : "descending") : undefined }, el("bdi", {}, label)));
    const lines = found.rows.map(([, ...cells], at) => el("tr", {}, el("td", {}, at + 1), cells.map(([text, unit], k) =>
      el("td", { class: found.columns[k][1] ? "adm-l lv-name" : undefined, title: text.length > 24 ? text : undefined }, el("bdi", {}, text), unit ? el("span", { class: "adm-u" }, unit) : null))));
    replace(table,
      el("table", { class: "adm-table is-live" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "#"), heads)), el("tbody", {}, lines)),
      found.hidden ? el("p", { class: "adm-muted adm-s" }, `${number(found.hidden)} more parameters in the result`) : null);
  }

  let waiting = false;
  function drawHeat() {
    if (!heat || waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (node.isConnected) heat.draw();
    });
  }

  const heardOf = () => {
    news = performance.now();
    drawHead();
  };
  const listened = setInterval(() => performance.now() - news > SILENCE && drawHead(), 2000);
  const handlers = { "change:head": heardOf, "change:controls": drawHead, "change:states": drawStates, "change:best": drawBest, comm_live_update: () => setTimeout(drawHead, 0) };
  if (frame.single) handlers["change:curve"] = drawHeat;
  if (frame.plane) for (let k = 0; k < 32; k += 1) handlers[`change:band_${k}`] = drawHeat;
  const deaf = listening(model, handlers);
  const resized = new ResizeObserver(drawHeat);
  resized.observe(node);
  const themed = new MutationObserver(drawHeat);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  drawHead();
  drawStates();
  drawBest();
  drawHeat();
  // said again until the kernel has heard it: the first may come before the page has a channel that a busy kernel reads
  let said = 0;
  const hello = () => {
    const head = model.get("head");
    if (said && (model.get("controls") === "on" || ENDED.includes(head.state) || said > GREETINGS)) return clearInterval(greeting);
    said += 1;
    model.send({ do: "hello" });
  };
  const greeting = setInterval(hello, 500);
  hello();
  return () => {
    clearInterval(greeting);
    clearInterval(listened);
    deaf();
    resized.disconnect();
    themed.disconnect();
  };
}

export default { render };
