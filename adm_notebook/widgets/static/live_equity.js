// The live view's equity of one backtest, as far as it has come.

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
    const context = sharpened(canvas, width, height);
    canvas.style.width = `${width}px`;
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
