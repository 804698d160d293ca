// The YAML beside the form of the config builder, which edits both ways.

/** What was changed from one text to another, as one piece: [from, to, what stands there now]. */
function pieceOf(before, after) {
  const most = Math.min(before.length, after.length);
  let head = 0, tail = 0;
  while (head < most && before[head] === after[head]) head++;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return [head, before.length - tail, after.slice(head, after.length - tail)];
}

/** Both changes of one text, where they are apart; else `mine`, which somebody is typing. */
function merged(before, mine, theirs) {
  let one = pieceOf(before, mine), two = pieceOf(before, theirs);
  if (one[0] > two[0]) [one, two] = [two, one];
  if (one[1] > two[0]) return mine;
  return before.slice(0, one[0]) + one[2] + before.slice(one[1], two[0]) + two[2] + before.slice(two[1]);
}

/** The YAML pane: a text area, and behind it the same text with its keys in colour and its wrong lines marked. */
function yamlPane(send, waiting) {
  const back = el("pre", { "aria-hidden": "true" });
  const area = el("textarea", {
    spellcheck: "false", autocomplete: "off", wrap: "soft", "aria-label": "The same configuration as YAML", "data-key": "yaml",
  });
  const said = el("p", { class: "adm-msg", role: "alert", hidden: true });
  let wrong = new Set();
  const draw = () => {
    const lines = area.value.split("\n");
    back.replaceChildren(
      ...lines.flatMap((line, i) => {
        const found = /^(\s*(?:- )?)([\w.]+)(:.*)?$/.exec(line);
        const parts = found && found[3] ? [found[1], el("b", null, found[2]), found[3]] : [line];
        if (wrong.has(i + 1)) return [el("mark", null, parts, line ? "" : "\u200b")];
        return [...parts, i < lines.length - 1 || !line ? "\n" : ""];
      }),
    );
  };
  let known = ""; // the kernel's text, as far as this view has heard; what is typed is sent only on top of it
  const typing = debounced(TYPING, () => {
    if (waiting()) return typing();
    known = area.value;
    send(area.value);
  });
  area.addEventListener("input", () => {
    draw();
    typing();
  });
  area.addEventListener("change", () => typing.now());
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const before = area.value.slice(0, area.selectionStart).split("\n").pop();
    const indent = /^\s*/.exec(before)[0] + (/:\s*$/.test(before) ? "  " : "");
    if (!indent) return;
    event.preventDefault();
    area.setRangeText(`\n${indent}`, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  });
  const node = el("section", { class: "adm-pane cb-yaml" }, el("h4", null, "YAML ", el("span", { class: "adm-muted" }, "edits go both ways")), el("div", { class: "cb-scroll" }, el("div", { class: "cb-text" }, back, area)), said);
  return {
    node,
    set(text) {
      const next = area.value === known ? text : merged(known, area.value, text);
      if (next !== area.value) {
        const [from, to, put] = pieceOf(area.value, next);
        const kept = [area.selectionStart, area.selectionEnd].map((at) => (at < to ? Math.min(at, from + put.length) : at + put.length - (to - from)));
        area.value = next;
        area.setSelectionRange(...kept);
      }
      known = text;
      draw();
    },
    mark(notices, unread) {
      wrong = new Set(notices.map((n) => n.line).filter(Boolean));
      area.setAttribute("aria-invalid", String(unread));
      const first = unread ? notices[0] : null;
      said.textContent = first ? `${first.line ? `Line ${first.line}: ` : ""}${first.message}` : "";
      said.hidden = !first;
      draw();
    },
  };
}
