// One sweep: its state, its charts and its trials.

import { buttons, makeReport } from "./actions.js";
import { post } from "./api.js";
import { Chart } from "./charts.js";
import { command, copyable, el, note, place, there } from "./dom.js";
import { counts, duration, moment, parameters } from "./format.js";
import { bestText, pill, progress } from "./list.js";
import { Trials } from "./table.js";

const CHARTS = [["history", "Score of each trial"], ["learning", "Learning curves"], ["parallel", "Parallel coordinates"],
  ["importance", "Which parameters matter"], ["slices", "Score over each parameter"]];

export function showSweep(main, name, state) {
  const path = `api/sweeps/${encodeURIComponent(name)}`;
  const head = el("div"), facts = el("dl", { class: "facts" }), links = el("p", { class: "buttons" }), left = el("div", { class: "quiet" }), acts = el("p", { class: "buttons" });
  const detail = el("section", { hidden: true, "aria-label": "One trial" });
  const charts = CHARTS.map(([key, title]) => [title, new Chart(`${path}/charts/${key}`)]);
  const table = new Trials(open);
  let opened = null;
  main.replaceChildren(
    el("p", {}, el("a", { href: "#/" }, "\u2190 All sweeps")), head, acts, facts, links, left,
    el("details", {}, el("summary", {}, "As commands"),
      copyable(there("status", name, "--watch"), "its state, live"), copyable(there("logs", name, "--follow"), "each epoch as it comes"),
      copyable(there("best", name), "its best trial"), copyable(there("logs", name, "--csv"), "all epochs as a table"),
      place.cluster ? null : copyable(command("report", name), "its report")),
    el("h2", {}, "Trials"), table.box, detail,
    ...charts.map(([title, chart]) => el("section", {}, el("h2", {}, title), chart.box)),
  );

  function facing(row) {
    if (!row) { head.replaceChildren(el("h1", {}, name), el("p", { class: "note" }, unknown())); return; }
    if (row.damaged) { head.replaceChildren(el("h1", {}, name), el("p", { class: "note" }, row.damaged)); return; }
    head.replaceChildren(el("h1", {}, name, " ", pill(row)), el("p", { class: "quiet" }, row.subject),
      row.reason && el("p", { class: "note" }, row.reason), progress(row));
    acts.replaceChildren(...buttons(row));
    const best = row.best;
    const shown = [
      ["trials", counts(row.counts)], ["epochs", `${row.epochs}; at most ${row.max_epochs} a trial`],
      [`best ${row.metric}`, best && [...bestText(best), el("small", {}, [`trial ${best.trial}, epoch ${best.epoch}`, best.error].filter(Boolean).join("; "))]],
      ["its parameters", best && parameters(best.parameters)],
      [`test ${row.test_label}`, row.test], ["time left", row.seconds_left !== null && `about ${duration(row.seconds_left)}`],
      ["budgets", row.budgets.join(", ")], ["ended by", row.ended_by], ["began", moment(row.began)], ["finished", moment(row.finished)],
      ["resources", row.resources], ["report", row.report_note], ["folder", !place.cluster && row.folder], ["cluster", place.cluster],
    ].filter(([, value]) => value);
    facts.replaceChildren(...shown.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, ...[value].flat()))));
    linking(row);
    table.setBest(best ? best.trial : null);
  }

  function unknown() {
    if (!state.complete) return "Reading it ...";
    return place.cluster ? "The cluster has not told of it yet." : "There is no such sweep here.";
  }

  function linking(row) {
    const out = (address, label) => el("a", { href: address, target: "_blank", rel: "noopener", class: "button" }, label);
    const found = [];
    if (row.report) found.push(out(`report/${encodeURIComponent(name)}/`, "Report"));
    if (!place.cluster) found.push(el("button", { type: "button", onclick: () => makeReport(name) }, row.report ? "Make the report again" : "Make a report"));
    if (state.about.mlflow) found.push(out(`mlflow/${encodeURIComponent(name)}`, "MLflow run"));
    if (place.cluster) found.push(out(`ray/${encodeURIComponent(name)}`, "Ray dashboard"));
    else if (/^https?:/.test(row.dashboard)) found.push(out(row.dashboard, "Ray dashboard"));
    if (state.about.optuna) found.push(el("button", { type: "button", onclick: optuna }, "optuna-dashboard"));
    if (row.typed.length && !(place.cluster && row.typed.some((word) => word.includes("/")))) found.push(el("a", { href: `#/new/${encodeURIComponent(name)}`, class: "button" }, "New sweep like it"));
    links.replaceChildren(...found);
    left.replaceChildren(...remarks(row));
  }

  // What is to be known of the links, or why one is missing.
  function remarks(row) {
    if (place.cluster) return [el("p", {}, "The Ray dashboard asks for the token of the cluster.", row.report ? "" : " The report comes at the end of the sweep.")];
    return row.dashboard ? [copyable("ray get-auth-token", "The Ray dashboard asks for a token:")] : [];
  }

  async function optuna() {
    note("optuna-dashboard is starting ...");
    const tab = window.open("about:blank"); // at once: a browser lets only a click open one
    try {
      const { address } = await post(`${path}/optuna`);
      if (tab) tab.location = address; else location.href = address;
    } catch (error) {
      tab?.close();
      note(error.message, "error");
    }
  }

  function open(row) {
    opened?.close();
    opened = new Chart(`${path}/charts/curves?trial=${row.number}`, false);
    opened.seen = true;
    const again = place.cluster ? [] : state.rows.get(name)?.typed ?? []; // there the sweep is not on this machine
    detail.hidden = false;
    detail.replaceChildren(
      el("h2", { tabindex: -1 }, `Trial ${row.number}: ${row.state}`),
      el("p", {}, row.reason || (row.state === "done" ? "It was trained to the end." : "")),
      el("p", { class: "mono" }, parameters(row.parameters)), opened.box,
      copyable(there("logs", name, "--trial", row.number), "its epochs, and its error"),
      again.length ? copyable(command("train", ...again, "--from-trial", `${name}/${row.number}`), "train it once more") : null,
      el("button", { type: "button", class: "small", onclick: () => { opened?.close(); opened = null; detail.hidden = true; } }, "Close"),
    );
    opened.changed(table.version ?? 0);
    detail.querySelector("h2").focus();
    detail.scrollIntoView({ block: "nearest" });
  }

  facing(state.rows.get(name));
  return {
    title: name,
    sweep: name,
    heard(kind, data) {
      if (kind === "sweeps" && (name in data.rows || !state.rows.has(name))) facing(state.rows.get(name));
      if (kind === "anew") {
        table.clear();
        for (const [, chart] of charts) chart.changed(0);
      }
      if (kind !== "trials") return;
      table.changed(data.rows);
      table.version = data.version;
      for (const [, chart] of charts) chart.changed(data.version);
      opened?.changed(data.version);
    },
    close() {
      table.close();
      opened?.close();
      for (const [, chart] of charts) chart.close();
    },
  };
}
