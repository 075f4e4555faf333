// The list of all sweeps.

import { buttons } from "./actions.js";
import { copyable, el, place, there } from "./dom.js";
import { duration, moment } from "./format.js";

const ORDER = ["running", "stopping", "pausing", "crashed", "failed", "paused", "finished"];

export function pill(row) {
  const text = row.unsent ? `${row.state}, unsent` : row.state;
  return el("span", { class: `pill ${row.state}` }, text);
}

export function progress(row) {
  const label = `${row.ended} of ${row.trials} trials ended`;
  return el("div", { class: "progress" },
    el("progress", { max: 1, value: row.progress, "aria-label": `${row.name}: ${label}` }), el("span", { class: "quiet" }, label));
}

export function bestText(best) {
  return best ? [el("span", { title: best.error || undefined }, best.text)] : [];
}

function cells(row) {
  const link = el("a", { href: `#/sweep/${encodeURIComponent(row.name)}` }, row.name);
  if (row.damaged) return [el("th", { scope: "row" }, link), el("td", { colspan: 6 }, row.damaged)];
  const cell = (label, ...content) => el("td", { "data-label": label }, ...content);
  return [
    el("th", { scope: "row" }, link, el("div", { class: "quiet" }, row.subject)),
    cell("state", pill(row), row.reason && el("div", { class: "quiet clip", title: row.reason }, row.reason)),
    cell("progress", progress(row)),
    cell(row.metric, ...bestText(row.best), row.best && el("div", { class: "quiet" }, row.metric)),
    cell("test", row.test, row.test && el("div", { class: "quiet" }, row.test_label)),
    cell(row.seconds_left === null ? "end" : "time left", row.seconds_left === null ? moment(row.finished) : duration(row.seconds_left)),
    cell("", el("div", { class: "buttons" }, ...buttons(row))),
  ];
}

const rank = (row) => ORDER.indexOf(row.state);
const before = (a, b) => (rank(a) > 2) - (rank(b) > 2) || (b.began ?? Infinity) - (a.began ?? Infinity) || a.name.localeCompare(b.name);

export function showList(main, state) {
  const body = el("tbody"), made = new Map();
  const filter = el("input", { type: "search", placeholder: "running, cnn ...", oninput: show });
  const output = el("output"), choose = el("label", {}, "Show sweeps with ", filter);
  const table = el("table", { class: "sweeps" }, el("thead", {}, el("tr", {}, ...["sweep", "state", "progress", "best on validation", "test", "time left, or end", ""]
    .map((name) => el("th", { scope: "col" }, name)))), body);
  const none = el("div", { class: "note" });
  const first = [el("p", {}, "There are no sweeps here yet. Begin with ", el("a", { href: "#/new" }, "New sweep"), ", or in a terminal:"),
    copyable(there("sweep", "digits", "cnn"))];
  main.replaceChildren(
    el("h1", {}, "Sweeps"),
    el("p", { class: "tools" }, choose, output, el("a", { href: "#/new", class: "button" }, "New sweep")),
    none, el("div", { class: "wide" }, table),
    el("details", {}, el("summary", {}, "As commands"), copyable(there("status", "--watch"), "this list, live"),
      ...place.cluster ? [] : [copyable("tuner list --sweeps", "with what each takes on the disk"), copyable("tuner compare", "the best of each pair")]),
  );

  // A row is made anew only when it has changed: a button keeps the focus meanwhile.
  function update(name, row) {
    if (!row) { made.get(name)?.remove(); made.delete(name); return; }
    const line = made.get(name) ?? el("tr");
    const focus = line.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    line.replaceChildren(...cells(row));
    line.text = [row.name, row.subject, row.state, row.damaged, row.reason].join(" ").toLowerCase();
    made.set(name, line);
    if (focus) line.querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
  }

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...state.rows.values()].sort(before);
    let shown = 0;
    rows.forEach((row, place) => {
      const line = made.get(row.name);
      line.hidden = !words.every((word) => line.text.includes(word));
      shown += !line.hidden;
      if (body.children[place] !== line) body.insertBefore(line, body.children[place] ?? null);
    });
    output.textContent = state.complete ? `${shown} of ${rows.length}` : `${shown} of ${rows.length}, reading more ...`;
    none.hidden = rows.length > 0;
    none.replaceChildren(...state.complete ? first : [place.cluster ? `Asking ${place.cluster} ...` : "Reading the sweeps ..."]);
    table.hidden = choose.hidden = output.hidden = !rows.length;
  }

  for (const [name, row] of state.rows) update(name, row);
  show();
  return {
    title: "Sweeps",
    heard(name, data) {
      if (name !== "sweeps" && name !== "state") return;
      for (const [key, row] of Object.entries(data.rows ?? {})) update(key, row);
      show();
    },
  };
}
