// The diff view: two lists of runs, and the difference that the kernel made of the two. It is asked for by names; what
// comes for other names than those that are chosen here by now is not shown.

const PATIENCE = 5000; // ms after which it is said that no answer has come
const SOON = 300; // ms after which it is said that something is being compared

function render({ model, el: host }) {
  const get = (name) => model.get(name);
  const id = `dv${Math.random().toString(36).slice(2, 9)}`;
  let asked = null, before = "", taken = false, patience = 0, slow = 0, late = "", address = "", drawn = "", told = "";

  const status = el("span", { class: "adm-s adm-muted", role: "status" });
  const selects = ["a", "b"].map((side) =>
    el("select", { class: "adm-select dv-run", id: `${id}-${side}`, onchange: () => choose(selects[0].value, selects[1].value) }));
  const labels = ["Old", "New"].map((words, i) =>
    el("label", { class: "dv-l adm-muted", for: `${id}-${"ab"[i]}` }, words, el("span", { class: "adm-sr" }, " run")));
  const swap = el("button", { type: "button", class: "adm-btn dv-swap", title: "Swap old and new (S)", "aria-keyshortcuts": "S",
    onclick: () => choose(selects[1].value, selects[0].value) }, el("span", { "aria-hidden": "true" }, "\u21c4 "), "Swap");
  const picks = el("div", { class: "dv-picks", role: "group", "aria-label": "The two runs" }, labels[0], selects[0], swap, labels[1], selects[1]);
  const waiting = el("p", { class: "dv-said", role: "status", hidden: true });
  const empty = el("p", { class: "dv-said", hidden: true });
  const wrong = el("div", { class: "adm-banner is-error dv-wrong", role: "alert", hidden: true });
  const head = el("div"), tail = el("div");
  const picture = el("img", { class: "dv-picture", hidden: true });
  const body = el("div", { class: "dv-body", "aria-busy": "false", hidden: true }, head, picture, tail);
  const spoken = el("div", { class: "adm-sr", role: "status", "aria-live": "polite" });
  const node = root(host, "Compare runs",
    el("div", { class: "adm-bar-top" }, el("div", { class: "adm-grow" }, el("h3", {}, "Compare runs")), status), picks, waiting, empty, wrong, body, spoken);
  node.classList.add("dv-live");

  const chosen = () => asked ?? [get("a"), get("b")];
  const inKernel = () => `${get("a")}\n${get("b")}`;
  const isTaken = () => !asked || (get("a") === asked[0] && get("b") === asked[1]); // by the kernel
  const nameOf = (choice) => (choice.what ? `${choice.name}: ${choice.what}` : choice.name);

  function choose(a, b) {
    if (!a || !b) return;
    asked = [a, b];
    taken = false;
    before = inKernel();
    model.send({ do: "choose", a, b });
    late = late && "slow";
    clearTimeout(patience);
    patience = setTimeout(() => isLate("unanswered"), PATIENCE);
    draw();
  }

  function isLate(how) {
    late = how;
    draw();
  }

  /** What is waited for, by the names that are chosen now. */
  function drawWaiting() {
    const silent = late === "unanswered" && !isTaken();
    const words = silent ? "No answer yet: the kernel is busy, or not running." : `Comparing ${chosen().join(" and ")}`;
    waiting.hidden = !late;
    if (late && waiting.textContent !== words) waiting.textContent = words; // a screen reader says it once
  }

  function drawChoices() {
    const choices = get("choices");
    const [many, going] = [choices.length, get("going")];
    const runs = many === 1 ? "1 finished run" : `${number(many)} finished runs`;
    status.textContent = going ? `${runs}, ${number(going)} still running` : runs;
    picks.hidden = many < 2;
    selects.forEach((select, i) => {
      const now = chosen()[i];
      const gone = now && !choices.some((choice) => choice.name === now);
      const options = choices.map((choice) => el("option", { value: choice.name }, nameOf(choice)));
      if (gone) options.unshift(el("option", { value: now, disabled: true }, `${now}: not here any more`));
      const old = [...select.options].map((option) => option.textContent).join("\n");
      if (old !== options.map((option) => option.textContent).join("\n")) select.replaceChildren(...options);
      select.value = now;
      select.title = select.selectedOptions[0]?.textContent ?? "";
    });
    swap.disabled = many < 2;
  }

  function drawPicture(data) {
    const bytes = get(isDark() ? "dark" : "light");
    picture.hidden = !data.alt;
    picture.alt = data.alt ?? "";
    if (!bytes || !bytes.byteLength) return;
    const before = address;
    address = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    picture.src = address;
    if (before) URL.revokeObjectURL(before);
  }

  function draw() {
    const data = get("body"), state = get("state");
    taken ||= asked !== null && isTaken();
    const isPassed = taken ? !isTaken() : late === "unanswered" && state !== "loading" && inKernel() !== before;
    if (asked && (isPassed || (taken && state !== "loading"))) { // somebody has chosen other runs since, or it is answered
      asked = null;
      clearTimeout(patience);
    }
    drawChoices();
    const fits = data.head !== undefined && data.a === chosen()[0] && data.b === chosen()[1];
    const loading = state === "loading" || asked !== null || (state === "finished" && !fits);
    const failed = state === "error" && !loading;
    empty.hidden = state !== "empty";
    empty.textContent = state === "empty" ? get("said") : "";
    wrong.hidden = !failed;
    replace(wrong, failed && [el("b", {}, "Not comparable: "), el("span", {}, get("said"))]);
    if (!loading) {
      clearTimeout(slow);
      slow = 0;
      late = "";
    } else if (!slow) {
      slow = setTimeout(() => isLate("slow"), SOON);
    }
    drawWaiting();
    body.setAttribute("aria-busy", String(loading));
    body.hidden = state === "empty" || failed || data.head === undefined;
    const made = `${data.a}\n${data.b}\n${data.head}\n${data.tail}`;
    if (data.head !== undefined && made !== drawn) { // our own templates, in which names are text
      drawn = made;
      head.innerHTML = data.head;
      tail.innerHTML = data.tail;
    }
    const said = failed ? get("said") : !loading && fits ? head.querySelector(".df-verdict")?.textContent.trim() ?? "" : "";
    const whole = said && `${chosen().join(" and ")}: ${said}`;
    if (whole && whole !== told) spoken.textContent = whole;
    told = whole || told;
    drawPicture(data);
  }

  node.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "s" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.tagName === "SELECT" || picks.hidden) return; // in a list, letters look for a run
    event.preventDefault();
    swap.click();
  });

  const stop = listening(model, Object.fromEntries(
    ["choices", "going", "a", "b", "state", "said", "body", "light", "dark"].map((name) => [`change:${name}`, draw])));
  draw();
  const unthemed = followTheme(model, () => drawPicture(get("body")));
  return () => {
    stop();
    clearTimeout(patience);
    clearTimeout(slow);
    unthemed();
    if (address) URL.revokeObjectURL(address);
  };
}

export default { render };
