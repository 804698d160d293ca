// What is typed in the config builder: one value, a list or a range, by buttons, lists and inputs.

const MODES = ["one", "list", "range"];
const TYPING = 250; // ms without a key after which what was typed is sent

/** A function that waits until it is left alone for a while; `.now()` does not wait, if it was called at all. */
function debounced(wait, act) {
  let timer = null;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(later.now, wait);
  };
  later.now = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    act();
  };
  return later;
}

/** Radio buttons in a row: one tab stop, arrows move. `chosen` may be none of them. */
function segments(label, items, chosen, choose) {
  const buttons = items.map(([value, words, off]) =>
    el(
      "button",
      {
        type: "button", role: "radio", "aria-checked": String(value === chosen), "data-value": value,
        "aria-disabled": off ? "true" : undefined, title: off || undefined,
        onclick: () => !off && choose(value),
      },
      words,
    ),
  );
  const free = buttons.filter((_, i) => !items[i][2]);
  for (const button of buttons) button.tabIndex = -1;
  (free.find((b) => b.getAttribute("aria-checked") === "true") ?? free[0]).tabIndex = 0;
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = free[(free.indexOf(event.target) + step + free.length) % free.length];
    next.focus();
    choose(next.dataset.value);
  };
  return el("span", { class: "adm-seg", role: "radiogroup", "aria-label": label, onkeydown: move }, buttons);
}

/** What is typed into one field: its inputs, and how a value gets in and out of them. */
function control(field, id, commit) {
  const named = field.label || field.name;
  const typing = debounced(TYPING, () => send());
  const input = (value, more) => {
    const node = el("input", {
      class: `adm-input${field.kind === "number" && ["one", "range"].includes(field.mode) ? " is-num" : ""}`, type: "text", spellcheck: "false",
      autocomplete: "off", oninput: typing, onchange: () => typing.now(), title: field.help || undefined, ...more,
    });
    node.value = value;
    return node;
  };
  let inputs, node;
  const send = () => commit(field.mode === "range" ? inputs.map((i) => i.value) : inputs[0].value);
  if (field.mode === "range") {
    inputs = ["from", "to", "step"].map((part, i) =>
      input(field.value[i], { "aria-label": `${named}, ${part}`, "data-key": `${field.path}#${i}` }),
    );
    const word = (text) => el("span", { class: "cb-w" }, text);
    node = [inputs[0], word("to"), inputs[1], word("by"), inputs[2]];
  } else if (field.options.length && field.mode === "one") {
    const select = el(
      "select",
      {
        class: "adm-select", id, title: field.help || undefined, onchange: () => send(), "data-key": field.path,
        "aria-label": field.label ? undefined : named,
      },
      field.options.map(([value, words]) => el("option", { value: String(value) }, words)),
    );
    select.value = field.value;
    inputs = [select];
    node = select;
  } else {
    const hint = field.mode === "one" ? field.usual : field.mode === "list" ? "with commas between them" : "";
    const only = input(field.value, {
      id, placeholder: hint || undefined, "data-key": field.path, "aria-label": field.label ? undefined : named,
    });
    if (field.mode === "yaml") only.classList.add("cb-code");
    inputs = [only];
    node = only;
  }
  return {
    node,
    inputs,
    flush: () => typing.now(),
    set(value) {
      const values = field.mode === "range" ? value : [value];
      inputs.forEach((one, i) => {
        if (one !== document.activeElement && one.value !== values[i]) one.value = values[i];
      });
    },
  };
}
