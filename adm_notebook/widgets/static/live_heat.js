// The live view's heatmap: cells come as they are done.

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
    sharpened(canvas, width, height);
    canvas.style.width = `${width}px`;
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
