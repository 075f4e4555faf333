// A new sweep: its command is made while the form is filled in, checked as on the command line, and started.

import { get, post } from "./api.js";
import { copyable, el, note, place } from "./dom.js";

const WAIT_MS = 200;

export function showNew(main, state) {
  let like = decodeURIComponent(/^#\/new\/(.*)$/.exec(location.hash)?.[1] ?? ""); // the name of a sweep to begin with
  const field = (label, hint, attributes = {}) => {
    const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
    return { input, box: el("label", { class: "field" }, el("span", {}, label), input, el("small", {}, hint)) };
  };
  const choice = (label, hint) => {
    const input = el("select", {}, el("option", { value: "" }, "the default"));
    return { input, box: el("label", { class: "field" }, el("span", {}, label), input, el("small", {}, hint)) };
  };
  const fields = {
    dataset: field("Dataset", "a name, or folder:PATH, csv:PATH, text:PATH", { list: "datasets" }),
    models: field("Models", "one, or several with commas; none for those that suit the data", { list: "models" }),
    target: field("Target", "of a table: the column to predict"),
    trials: field("Trials", "24 by default", { inputmode: "numeric" }),
    time_budget: field("Time budget", "90s, 30m, 2h"),
    max_epochs: field("Epochs", "at most, for each trial", { inputmode: "numeric" }),
    sampler: choice("Sampler", "how points are drawn"),
    scheduler: choice("Scheduler", "which trials stop early"),
    name: field("Name", "of the sweep"),
    more: field("More options", "as one would type them: --limit 1000 --confirm 5"),
  };
  const lists = el("div", {}, el("datalist", { id: "datasets" }), el("datalist", { id: "models" }));
  const preview = el("div", { "aria-live": "polite" }), result = el("div", { role: "status" }), space = el("div");
  const check = el("button", { type: "button", onclick: doCheck }, "Check, and what it costs");
  const start = el("button", { class: "strong" }, place.cluster ? "Start on the cluster" : "Start in the background");
  const costs = place.cluster && el("p", { class: "quiet" }, "What it costs is measured on one machine alone, by tuner sweep ... --dry-run.");
  const form = el("form", { onsubmit: doStart, oninput: soon },
    el("div", { class: "form" }, ...Object.values(fields).map((each) => each.box)), lists,
    el("p", { class: "buttons" }, el("button", { type: "button", onclick: showSpace }, "Show the search space")), space,
    el("h2", {}, "The command"), preview, el("p", { class: "buttons" }, !place.cluster && check, start), costs, result);
  main.replaceChildren(el("h1", {}, "New sweep"), form);
  const overrides = new Map();
  let timer, closed = false, turn = 0;

  function values() {
    const found = Object.fromEntries(Object.entries(fields).map(([key, { input }]) => [key, input.value]));
    return { ...found, models: found.models.split(",").map((each) => each.trim()).filter(Boolean),
      overrides: [...overrides].filter(([, input]) => input.value.trim()).map(([key, input]) => `${key}=${input.value.trim()}`) };
  }

  // Fills in what the other sweep had, once that is known.
  function fill() {
    const row = like && state.rows.get(like);
    if (!row?.typed?.length) return;
    like = "";
    [fields.dataset.input.value, fields.models.input.value] = row.typed;
    fields.trials.input.value = row.trials;
    fields.max_epochs.input.value = row.max_epochs;
    compose();
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(compose, WAIT_MS);
  }

  async function compose() {
    if (!fields.dataset.input.value.trim()) { preview.replaceChildren(el("p", { class: "quiet" }, "Choose a dataset first.")); return; }
    const mine = ++turn;
    const shown = await post("api/compose", values())
      .then(({ command }) => copyable(command), (error) => el("p", { class: "note" }, error.message));
    if (!closed && mine === turn) preview.replaceChildren(shown);
  }

  // Runs what takes seconds, with all buttons off meanwhile.
  async function busy(text, act) {
    const all = [...form.querySelectorAll("button")];
    all.forEach((each) => { each.disabled = true; });
    result.replaceChildren(el("p", { class: "quiet" }, text));
    try {
      await act();
    } catch (error) {
      result.replaceChildren(el("p", { class: "note error" }, error.message));
    }
    all.forEach((each) => { each.disabled = false; });
  }

  function doCheck() {
    return busy("Reading the data, and measuring a step ...", async () => {
      const { plan, notes, command } = await post("api/check", values());
      result.replaceChildren(el("div", { class: "note" }, ...plan.lines.map((line) => el("p", {}, line)),
        ...notes.map((line) => el("p", { class: "quiet" }, line)), copyable(command)));
    });
  }

  function doStart(event) {
    event.preventDefault();
    busy(place.cluster ? `Sending it to ${place.cluster} ...` : "Starting it: the data is read first ...", async () => {
      const { sweep, command } = await post("api/start", values());
      note(`Done: ${command}`);
      location.hash = `#/sweep/${encodeURIComponent(sweep)}`;
    });
  }

  function showSpace() {
    return busy("Reading the search space ...", async () => {
      const found = await post("api/space", values());
      overrides.clear();
      // A parameter with several ranges, one for each value of another one, is changed as a whole.
      const ranges = new Map();
      for (const { name, values: text } of found.space.parameters) ranges.set(name, [...ranges.get(name) ?? [], text]);
      const rows = [...ranges].map(([name, texts]) => {
        const input = el("input", { type: "text", spellcheck: "false", "aria-label": `Set ${name}` });
        overrides.set(name, input);
        return el("tr", {}, el("th", { scope: "row" }, name),
          el("td", {}, ...texts.map((text) => el("div", {}, text))), el("td", {}, input));
      });
      const heads = ["parameter", "is drawn from", "instead"].map((each) => el("th", { scope: "col" }, each));
      space.replaceChildren(
        el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows))),
        el("p", { class: "quiet" }, "Instead: 0.01, or choices sgd,adam, or a range 0.1..0.5, or 0.001..1:log"),
        copyable(found.command),
      );
      result.replaceChildren();
    });
  }

  get("api/catalog").then((catalog) => {
    const options = (found) => Object.entries(found).map(([value, text]) => el("option", { value }, text));
    lists.children[0].append(...options(catalog.datasets), ...options(catalog.formats));
    lists.children[1].append(...options(catalog.models));
    for (const key of ["sampler", "scheduler"]) fields[key].input.append(...catalog[`${key}s`].map((each) => el("option", { value: each }, each)));
  }).catch((error) => note(error.message, "error"));
  compose();
  fill();
  return { title: "New sweep", heard: fill, close() { closed = true; clearTimeout(timer); } };
}
