// The heatmap of the explorer: cells that are chosen by mouse and by keyboard.

const RAMPS = {
  light: { diverging: ["#a63a00", "#e0a583", "#f4f1ee", "#7fbfb5", "#00695c"], sequential: ["#e3ecf6", "#8fb4d9", "#123f73"] },
  dark: { diverging: ["#ff8f5a", "#8a4a2c", "#232323", "#2d7569", "#62d8c2"], sequential: ["#16202b", "#2f5f91", "#a9d2fb"] },
};

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
    const height = ny === 1 ? 64 : Math.max(120, Math.min(284, ny * 46 + 20));
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
