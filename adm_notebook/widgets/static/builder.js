// The config builder: draws the form that the kernel made, sends what was typed; the YAML beside it in the same way.
// Messages carry a number; while one is under way, what the kernel says of older ones overwrites nothing.

const WORKFLOWS = [
  ["backtest", "Backtest"],
  ["optimization", "Optimization"],
  ["analysis", "Analysis"],
  ["validation", "Validation"],
];
const LISTS = {
  strategies: ["Strategies", "Add a strategy", "No strategy yet. Add one, or run as it is: momentum with its defaults."],
  classifiers: ["Classifiers", "Add", "None: one regime, all."],
  risk_profiles: ["Risk profiles", "Add", "None: size and stops are those below."],
};
const BUSY = "Waiting for the kernel: live controls need one that runs and has nothing else to do.";
const PATIENCE = 1500; // ms

/** The small picture of prices. */
function sparkline(preview) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 240 44");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "cb-sp");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Closing price of ${preview.symbol}, ${preview.first} to ${preview.last}`);
  const line = preview.points.map(([x, y]) => `${(x * 240).toFixed(1)},${(41 - y * 38).toFixed(1)}`).join(" ");
  for (const [tag, points, name] of [["polygon", `0,44 ${line} 240,44`, "cb-under"], ["polyline", line, "cb-line"]]) {
    const shape = document.createElementNS(space, tag);
    shape.setAttribute("points", points);
    shape.setAttribute("class", name);
    svg.append(shape);
  }
  return svg;
}

/** Put text on the clipboard, whatever the page allows; false where it allows nothing. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { style: { position: "fixed", opacity: "0" } });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function render({ model, el: host }) {
  const view = Math.random().toString(36).slice(2, 10);
  let number_ = 0, shape = "", kind = "", stateDrawn = "", showLimits = false, patience = null;
  const controls = new Map(); // path -> { control, message }
  const places = new Map(); // path -> where a problem is shown that has no field
  const send = (what, more = {}) => {
    model.send({ do: what, view, number: ++number_, ...more });
    clearTimeout(patience);
    patience = setTimeout(() => waiting() && tell(BUSY), PATIENCE);
  };
  const waiting = () => (model.get("seen")[view] ?? 0) < number_;

  const title = el("h3", { class: "adm-clamp" });
  const kinds = el("span");
  const form = el("div", { class: "adm-pane cb-form" });
  const yaml = yamlPane((text) => send("yaml", { text }), () => waiting());
  const runSaid = el("span", { class: "adm-grow" });
  const stopIt = el("button", { type: "button", class: "adm-btn", onclick: () => send("stop") }, "Stop"); // stays: a click takes longer than an update
  const explore = el("button", { type: "button", class: "adm-btn", title: "Put a cell below that opens all combinations", onclick: () => send("explore") }, "Explore");
  const track = el("div", { class: "adm-track", role: "progressbar", "aria-label": "Combinations done", "aria-valuemin": "0" }, el("i"));
  const running = el("div", { class: "cb-run", hidden: true }, el("div", { class: "cb-runline" }, runSaid, explore, stopIt), track);
  const state = el("div", { class: "adm-grow", role: "status" });
  const name = el("input", { class: "adm-input cb-name", type: "text", spellcheck: "false", "aria-label": "Variable that receives the result", "data-key": "name", onchange: (e) => send("name", { text: e.target.value }) });
  const python = el("button", { type: "button", class: "adm-btn is-quiet", onclick: () => send("python") }, "Copy as Python");
  const cell = el("button", { type: "button", class: "adm-btn", onclick: () => send("cell") }, "Insert as cell");
  const run = el("button", { type: "button", class: "adm-btn is-main", onclick: () => send("run") }, "Run");
  const told = el("p", { class: "cb-told adm-s", role: "status", hidden: true });
  const editing = el("section", { class: "cb-edit", "aria-label": "Containers of the pattern", hidden: true });
  const page = root(
    host,
    "Config builder",
    el("div", { class: "adm-bar-top" }, el("div", { class: "adm-grow" }, title), kinds),
    el("div", { class: "adm-panes cb-panes" }, form, yaml.node),
    editing,
    running,
    el("div", { class: "adm-bar-end" }, state, el("div", { class: "adm-btns" }, el("label", { class: "cb-into adm-s" }, "Result in ", name), python, cell, run)),
    told,
  );

  const tell = (text, more) => {
    replace(told, text, more);
    told.hidden = !text;
  };

  // ---- the form ----

  function fieldRow(field, wide, alone = false) {
    const id = `${view}-${field.path}`;
    const made = control(field, id, (typed) => send("enter", { path: field.path, mode: field.mode, typed }));
    const message = el("p", { class: "adm-msg", role: "alert", id: `${id}-said`, hidden: true });
    controls.set(field.path, { made, message, field });
    if (!wide) {
      const unit = field.unit && field.mode !== "yaml" ? el("span", { class: "fld-u" }, field.unit) : null;
      return el("div", { class: `fld${alone ? " is-solo" : ""}` }, alone ? null : el("label", { for: id, title: field.help || undefined }, field.label || field.name), el("div", { class: `fld-c${unit ? " has-u" : ""}` }, made.node, unit), message);
    }
    const items = MODES.map((mode) => [mode, mode, mode === "range" && field.kind !== "number" ? "a range needs numbers" : ""]);
    const seg = field.sweeps ? segments(`${field.name}: one value, a list or a range`, items, field.mode, (mode) => mode !== field.mode && send("mode", { path: field.path, mode })) : el("span");
    const unit = field.unit && field.mode !== "yaml" ? el("span", { class: "cb-w" }, field.unit) : null;
    return el("div", { class: "cb-p" }, el("label", { for: id, title: field.help || undefined }, named(field.name, "code")), seg, el("div", { class: "cb-v" }, made.node, unit), message);
  }

  const heading = (text, ...rest) => el("section", { class: "cb-sec" }, el("h4", null, text), el("div", null, rest));
  const grid = (fields) => el("div", { class: "cb-two" }, fields.map((f) => fieldRow(f, false)));

  function placeFor(path) {
    const message = el("p", { class: "adm-msg", role: "alert", hidden: true });
    places.set(path, message);
    return message;
  }

  /** A button that opens a list to choose from: type to find, Enter or a click takes it, Escape closes. */
  function adder(words, groups, take) {
    const hint = el("p", { class: "fld-h" });
    const list = el("select", { class: "adm-select cb-list", size: 9, "aria-label": words, "data-key": `add ${words}` });
    for (const [group, items] of groups) {
      const options = items.map(([value, said]) => el("option", { value, title: said }, value));
      list.append(...(group ? [el("optgroup", { label: group }, options)] : options));
    }
    const sentences = new Map(groups.flatMap(([, items]) => items));
    const box = el("div", { class: "cb-adder", hidden: true }, list, hint);
    const button = el("button", { type: "button", class: "adm-btn is-quiet cb-add", "aria-expanded": "false", onclick: () => open(box.hidden) }, `+ ${words}`);
    const open = (yes) => {
      box.hidden = !yes;
      button.setAttribute("aria-expanded", String(yes));
      list.size = Math.min(9, list.options.length + list.querySelectorAll("optgroup").length);
      if (yes) list.focus();
    };
    const took = () => {
      if (!list.value) return;
      open(false);
      take(list.value);
      list.value = "";
      button.focus();
    };
    list.addEventListener("change", () => (hint.textContent = sentences.get(list.value) ?? ""));
    list.addEventListener("click", (event) => event.target.tagName === "OPTION" && took());
    list.addEventListener("keydown", (event) => {
      if (event.key === "Enter") took();
      if (event.key === "Escape") open(false), button.focus();
    });
    return [button, box];
  }

  function entryCard(entry) {
    const head = el("div", { class: "cb-ch" }, el("b", null, named(entry.type || "?")), el("span", { class: "adm-muted adm-s" }, entry.sentence), el("button", { type: "button", class: "adm-btn is-quiet", "aria-label": `Remove ${entry.type}`, "data-key": `remove ${entry.path}`, onclick: () => send("remove", { path: entry.path }) }, "Remove"));
    const rest = entry.rest ? [el("p", { class: "adm-muted adm-s" }, "In the YAML alone:"), el("pre", { class: "cb-rest" }, entry.rest)] : [];
    const more = entry.more.length ? adder("Add a setting", [["", entry.more.map((one) => [one, ""])]], (one) => send("open", { path: `${entry.path}.parameters.${one}` })) : [];
    return el("div", { class: "cb-card" }, head, placeFor(entry.path), entry.fields.map((f) => fieldRow(f, true)), rest, more);
  }

  function listSection(key, entries, groups) {
    const [words, add, none] = LISTS[key];
    const adding = adder(add, groups, (type) => send("add", { list: key, type }));
    const where = placeFor(`optimization_config.${key}`);
    if (!entries.length) return heading(words, el("p", { class: "adm-muted" }, none, " ", adding[0]), where, adding[1]);
    return heading(words, where, entries.map(entryCard), adding);
  }

  function build(data) {
    controls.clear();
    places.clear();
    stateDrawn = "";
    const { sections, lists } = data, choices = model.get("choices");
    const plain = sections.costs.filter((f) => f.label && (f.mode === "one" || f.mode === "yaml"));
    const wide = sections.costs.filter((f) => !plain.includes(f));
    const spark = el("div", { class: "cb-spark" });
    const limited = sections.limits.some((f) => f.value !== "" && f.path !== "parallel_execution");
    const setLimits = () => {
      showLimits = true;
      redraw(true);
    };
    replace(
      form,
      heading("Data", grid(sections.data), placeFor("data_config"), spark),
      heading("Pattern", sections.pattern.map((f) => fieldRow(f, false, true)), data.note ? el("p", { class: "fld-h cb-note" }, data.note) : null, placeFor("parameters"), editPattern),
      sections.analysis.length ? heading("Analysis", grid(sections.analysis), placeFor("analysis_config")) : null,
      Object.keys(LISTS).map((key) => listSection(key, lists[key], choices[key] ?? [])),
      sections.search.length ? heading("Search", grid(sections.search), placeFor("optimization_config")) : null,
      heading("Costs", grid(plain), wide.length ? el("div", { class: "cb-wide" }, wide.map((f) => fieldRow(f, true))) : null, placeFor("backtest_config"), adder("Add a setting", [["", data.more.map((one) => [one, ""])]], (one) => send("open", { path: `backtest_config.${one}` }))),
      limited || showLimits
        ? heading("Limits", grid(sections.limits))
        : heading("Limits", el("p", { class: "adm-muted" }, "None: all processors, as long as it takes. ", el("button", { type: "button", class: "adm-btn is-quiet cb-add", "data-key": "limits", onclick: setLimits }, "+ Set"))),
      data.rest.length ? heading("Besides", el("p", { class: "adm-muted" }, "In the YAML alone: ", data.rest.map((path, i) => [i ? ", " : "", el("code", null, path)]))) : null,
    );
    form.spark = spark;
    drawPreview();
  }

  function redraw(anew = false) {
    const data = model.get("form");
    if (!data.sections) return;
    const bare = (f) => [f.path, f.mode, f.kind, f.options, f.usual];
    const now = JSON.stringify([Object.values(data.sections).map((fs) => fs.map(bare)), Object.values(data.lists).map((es) => es.map((e) => [e.path, e.type, e.rest, e.more, e.fields.map(bare)])), data.more, data.note, data.rest]);
    title.textContent = data.title;
    title.title = data.title;
    const later = "comes with a later version";
    const had = focused();
    if (kind !== data.workflow_type) { // not more often: what has the focus would lose it, and losing it draws
      kind = data.workflow_type;
      replace(kinds, segments("Workflow type", WORKFLOWS.map(([v, w]) => [v, w, v === "validation" ? later : ""]), kind, (v) => send("enter", { path: "workflow_type", mode: "one", typed: v })));
    }
    if (now !== shape || anew) {
      for (const { made } of controls.values()) made.flush();
      shape = now;
      build(data);
    } else if (!waiting()) {
      for (const f of fieldsOf(data)) controls.get(f.path)?.made.set(f.value);
    }
    focusAgain(had);
    drawNotices();
  }

  const fieldsOf = (data) => [...Object.values(data.sections).flat(), ...Object.values(data.lists).flat().flatMap((e) => e.fields)];

  /** Where the focus is, by what it is on: drawn anew, the same thing has it again. */
  function focused() {
    const on = page.contains(document.activeElement) ? document.activeElement : null;
    if (!on) return null;
    const key = on.dataset.key ?? (on.dataset.value && on.closest("[role=radiogroup]").getAttribute("aria-label"));
    return { on, key, value: on.value, start: on.selectionStart, end: on.selectionEnd, checked: on.dataset.value };
  }

  function focusAgain(had) {
    if (!had?.key || had.on.isConnected) return;
    const group = [...page.querySelectorAll("[role=radiogroup]")].find((g) => g.getAttribute("aria-label") === had.key);
    const next = group ? group.querySelector("[tabindex='0']") : [...page.querySelectorAll("[data-key]")].find((n) => n.dataset.key === had.key || n.dataset.key === `${had.key}#0`);
    if (!next) return;
    next.focus();
    if (next.tagName === "INPUT" && had.on.tagName === "INPUT" && waiting()) next.value = had.value;
    if (next.tagName === "INPUT" && had.start !== null) next.setSelectionRange(had.start, had.end);
  }

  // ---- problems, estimate, prices, run ----

  function drawNotices() {
    const notices = model.get("notices"), unread = model.get("outlook").state === "unread" || notices.some((n) => !n.path && n.line);
    for (const { made, message } of controls.values()) {
      message.hidden = true;
      message.textContent = "";
      for (const one of made.inputs) one.removeAttribute("aria-invalid"), one.removeAttribute("aria-describedby");
    }
    for (const message of places.values()) message.hidden = true;
    for (const notice of notices) {
      const here = controls.get(notice.place);
      const message = here?.message ?? places.get(notice.place);
      if (!message) continue;
      message.textContent = message.hidden ? sentence(notice) : `${message.textContent} ${sentence(notice)}`;
      message.hidden = false;
      const at = ["min", "max", "step"].indexOf(notice.part);
      const inputs = !here ? [] : here.made.inputs.length === 3 && at >= 0 ? [here.made.inputs[at]] : here.made.inputs;
      for (const one of inputs) {
        one.setAttribute("aria-invalid", "true");
        one.setAttribute("aria-describedby", message.id);
      }
    }
    yaml.mark(notices, unread);
    drawState();
  }

  const sentence = (notice) => {
    const of = notice.part && !controls.has(notice.path) ? notice.part : "";
    const text = ["min", "max", "step"].includes(of) ? `the ${of} ${notice.message}` : of ? `${of}: ${notice.message}` : notice.message;
    return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
  };

  function goTo(notice) {
    const here = controls.get(notice.place);
    const to = here?.made.inputs.find((i) => i.getAttribute("aria-invalid") === "true") ?? here?.made.inputs[0];
    (to ?? yaml.node.querySelector("textarea")).focus();
  }

  function drawState() {
    const outlook = model.get("outlook"), notices = model.get("notices");
    const bad = notices.length > 0, now = JSON.stringify([notices, outlook]);
    if (now === stateDrawn) return; // a link among what is to mend may have the focus
    stateDrawn = now;
    for (const button of [run, cell, python]) {
      button.disabled = bad;
      button.title = bad ? "Mend what is marked first" : "";
    }
    if (bad) {
      const shown = notices.slice(0, 3);
      const links = shown.map((n, i) => [i ? ", " : "", el("button", { type: "button", class: "adm-btn cb-go", onclick: () => goTo(n), title: sentence(n) }, n.label || (n.line ? `YAML, line ${n.line}` : "the config"))]);
      const more = notices.length > 3 ? ` and ${notices.length - 3} more` : "";
      const alone = shown.filter((n) => !controls.has(n.place) && !places.has(n.place) && n.path);
      return replace(state, el("span", { class: "cb-bad" }, el("b", null, `${notices.length} ${notices.length > 1 ? "things" : "thing"} to mend: `), links, more), alone.map((n) => el("p", { class: "adm-msg" }, sentence(n))));
    }
    if (!outlook.rows) return replace(state, el("span", { class: "adm-muted cb-later" }, "Reading prices and planning"));
    const rows = `${number(outlook.rows)} combination${outlook.rows === 1 ? "" : "s"}`;
    const takes = [outlook.seconds === null ? "" : `about ${duration(Math.max(0.001, Number(outlook.seconds.toPrecision(outlook.seconds < 10 ? 1 : 2))))}`, `${outlook.seconds === null ? "about " : ""}${number(Math.max(1, Number(outlook.megabytes.toPrecision(2))))} MB`];
    const left = outlook.left_out ? `, ${number(outlook.left_out)} left out` : "";
    replace(
      state,
      el("b", null, rows),
      el("span", { class: `adm-s adm-muted${outlook.state === "planning" ? " cb-old" : ""}` }, ` × ${number(outlook.bars)} bars, ${takes.filter(Boolean).join(" and ")}${left}; ${outlook.mode}`),
      outlook.warnings.slice(0, 2).map((text) => el("p", { class: "cb-warn adm-s" }, text)),
    );
  }

  function drawPreview() {
    const preview = model.get("preview"), spark = form.spark;
    if (!spark) return;
    if (!preview.points) return replace(spark, el("span", { class: "adm-s adm-muted cb-later" }, "No prices to show yet"));
    const others = preview.others ? ` and ${preview.others} more` : "";
    replace(spark, sparkline(preview), el("span", { class: "adm-s adm-muted" }, el("bdi", null, preview.symbol), `${others}: ${number(preview.bars)} ${preview.timeframe} bars,`, el("br"), `${preview.low} to ${preview.high}`));
    for (const [key, value] of [["start", preview.first], ["end", preview.last]]) {
      const input = controls.get(`data_config.${key}`)?.made.inputs[0];
      if (input) input.placeholder = value;
    }
  }

  function drawRun() {
    const at = model.get("run_state");
    running.hidden = !at.state;
    if (!at.state) return;
    const going = at.state === "running" || at.state === "paused";
    const [glyph, words, tone] = { running: ["●", "Running", "is-run"], paused: ["‖", "Paused", "is-warn"], finished: ["✓", "Finished", "is-ok"], cancelled: ["◐", "Stopped, partial", "is-warn"] }[at.state] ?? ["✕", at.state === "refused" ? "Not begun" : "Failed", "is-error"];
    const done = `${number(at.done)} of ${number(at.total)}`;
    const said = {
      running: [` ${done}`, at.left ? `, ${duration(at.left)} left` : ""],
      finished: [" ", el("code", null, at.name), ` holds ${number(at.done)} combination${at.done === 1 ? "" : "s"}. The card is below.`],
      cancelled: [" ", el("code", null, at.name), ` holds ${done}. `, el("code", null, `%adm rerun ${at.name}`), " runs the rest."],
    }[at.state] ?? [` ${at.message}`];
    replace(runSaid, el("span", { class: `adm-status ${tone}`, "data-glyph": glyph }, words), el("span", { class: "adm-s" }, said));
    stopIt.hidden = track.hidden = !going;
    explore.hidden = going || at.done < 2;
    track.setAttribute("aria-valuemax", String(at.total));
    track.setAttribute("aria-valuenow", String(at.done));
    track.firstChild.style.setProperty("--v", String(at.total ? at.done / at.total : 0));
  }

  // ---- the pattern's editor ----

  const editPattern = el("button", { type: "button", class: "adm-btn is-quiet cb-add", "data-key": "edit the pattern", onclick: () => send(model.get("pattern_editor") ? "close pattern" : "pattern") }, "Edit its containers");
  let shownEditor = null; // what is shown, or is about to be

  /** The editor is a widget of its own: its view stands in this one, until it is closed. */
  async function drawEditor() {
    const reference = model.get("pattern_editor");
    editPattern.textContent = reference ? "Close the editor" : "Edit its containers";
    editPattern.setAttribute("aria-expanded", String(Boolean(reference)));
    if (reference === shownEditor) return;
    shownEditor = reference;
    editing.hidden = !reference;
    if (!reference) return editing.replaceChildren();
    try {
      const manager = model.widget_manager;
      const child = await manager.get_model(reference.replace("IPY_MODEL_", ""));
      const inside = await manager.create_view(child);
      if (shownEditor === reference) editing.replaceChildren(inside.el);
      editing.scrollIntoView({ block: "nearest" });
    } catch (error) {
      tell(`This page can't show the editor here: ${error.message}. %adm edit opens it in a cell.`);
    }
  }

  // ---- answers of the kernel to this view ----

  async function answer(message) {
    if (message.to !== view) return;
    if (message.kind === "said") return tell(message.text);
    if (message.kind === "cell" && insertBelow(model, host, message.id, message.text)) return tell("Inserted below.");
    const on = await copied(message.text);
    const what = message.kind === "cell" ? "The cell" : "The Python";
    const where = message.kind === "cell" ? ": add a cell below and paste it there." : ".";
    if (on) return tell(`${what} is on the clipboard${where}`);
    const area = el("textarea", { class: "cb-copy", readOnly: true, rows: 8, "aria-label": what });
    area.value = message.text;
    tell(`This page has no clipboard. Copy it from here${where}`, area);
    area.select();
  }

  const drawYaml = () => !waiting() && yaml.set(model.get("yaml"));
  const drawName = () => {
    if (name !== document.activeElement) name.value = model.get("name");
  };
  const stop = listening(model, {
    "change:form": () => redraw(),
    "change:choices": () => redraw(true),
    "change:yaml": drawYaml,
    "change:notices": drawNotices,
    "change:outlook": drawNotices,
    "change:preview": drawPreview,
    "change:run_state": drawRun,
    "change:name": drawName,
    "change:pattern_editor": drawEditor,
    "change:seen": () => {
      if (!waiting() && told.textContent === BUSY) tell("");
      drawYaml();
      redraw();
    },
    "msg:custom": answer,
  });
  page.addEventListener("focusout", () => setTimeout(() => !waiting() && (drawYaml(), redraw()), 0));
  redraw();
  drawYaml();
  drawName();
  drawRun();
  drawEditor();
  send("hello");
  const unthemed = followTheme(model);
  return () => { stop(); unthemed(); };
}

export default { render };
