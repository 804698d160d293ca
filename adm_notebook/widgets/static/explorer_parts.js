// Small parts of the explorer: numbers from messages, colours, canvases.

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
