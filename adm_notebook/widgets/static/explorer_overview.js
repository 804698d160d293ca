// Equity and drawdown of the chosen row, with a brush that measures a period.

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
