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
    else if (busy && controls === "interrupt") replace(hint, document.createTextNode("To stop, interrupt the kernel: press "), kbd("I"), document.createTextNode(" twice"));
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
  const unthemed = followTheme(model, drawHeat);
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
    model.send({ do: "hello", theme: isDark() ? "dark" : "light" });
  };
  const greeting = setInterval(hello, 500);
  hello();
  return () => {
    clearInterval(greeting);
    clearInterval(listened);
    deaf();
    resized.disconnect();
    unthemed();
  };
}

export default { render };
