// The table of trials: sorted, filtered, and no more rows at once than a browser lays out quickly.

import { el } from "./dom.js";
import { duration, number, parameters } from "./format.js";

const MOST = 200;
const PAUSE_MS = 1000; // between two drawings while trials change

export class Trials {
  constructor(opened) {
    this.opened = opened;
    this.rows = new Map();
    this.best = null;
    this.limit = MOST;
    this.key = null; // the column that it is sorted by; null for the order of numbers, the newest first
    this.sign = 1;
    this.filter = el("input", { type: "search", placeholder: "pruned, adam ...", oninput: () => { this.limit = MOST; this.show(); } });
    this.output = el("output");
    this.more = el("button", { type: "button", class: "small", onclick: () => { this.limit = Infinity; this.show(); } }, "Show all");
    this.head = el("tr");
    this.body = el("tbody");
    this.same = el("p", { class: "quiet" });
    this.box = el("div", {}, el("p", { class: "tools" }, el("label", {}, "Show trials with ", this.filter), this.output, this.more),
      el("div", { class: "wide tall", tabindex: 0, role: "region", "aria-label": "Trials" },
        el("table", { class: "trials" }, el("thead", {}, this.head), this.body)), this.same);
  }

  changed(rows) {
    for (const [key, row] of Object.entries(rows)) {
      if (row === null) this.rows.delete(key);
      else this.rows.set(key, { ...row, text: textOf(row) });
    }
    this.soon();
  }

  clear() { this.rows.clear(); this.soon(); }

  setBest(number) { if (this.best !== number) { this.best = number; this.soon(); } }

  soon() {
    this.timer ??= setTimeout(() => { this.timer = undefined; this.show(); }, this.shown ? PAUSE_MS : 50);
  }

  // The parameters that all trials share: they need no column.
  findConstants() {
    const rows = [...this.rows.values()].map((row) => row.parameters).filter((each) => Object.keys(each).length);
    const first = rows.length > 1 ? Object.entries(rows[0]) : [];
    this.constants = Object.fromEntries(first.filter(([name, value]) => rows.every((each) => each[name] === value)));
    this.same.textContent = first.length && Object.keys(this.constants).length ? `The same in all trials: ${parameters(this.constants)}` : "";
  }

  columns() {
    this.findConstants();
    const names = (part) => [...new Set([...this.rows.values()].flatMap((row) => Object.keys(row[part])))];
    const of = (part) => names(part).map((name) => ({ name, value: (row) => row[part][name], text: (row) => number(row[part][name]) }));
    return [
      { name: "trial", value: (row) => row.number },
      { name: "state", value: (row) => row.state, text: (row) => row.state },
      { name: "epochs", value: (row) => row.epoch, text: (row) => `${row.epoch} of ${row.epochs}` },
      ...of("metrics"),
      { name: "time", value: (row) => row.seconds || undefined, text: (row) => row.seconds ? duration(row.seconds) : "" },
      ...of("parameters").filter(({ name }) => !(name in this.constants)),
      ...[...this.rows.values()].some((row) => row.reason)
        ? [{ name: "how it ended", value: (row) => row.reason || undefined, text: (row) => row.reason }] : [],
    ].map((column, place) => ({ ...column, key: `${place}:${column.name}` }));
  }

  show() {
    this.shown = true;
    const columns = this.columns(), words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...this.rows.values()].filter((row) => words.every((word) => row.text.includes(word)));
    const by = columns.find((column) => column.key === this.key);
    found.sort(by ? (a, b) => compare(by.value(a), by.value(b), this.sign) : (a, b) => b.number - a.number);
    const focus = document.activeElement?.dataset?.focus;
    this.head.replaceChildren(...columns.map((column) => this.heading(column)));
    this.body.replaceChildren(...found.slice(0, this.limit).map((row) => this.line(row, columns)));
    const shown = Math.min(found.length, this.limit);
    this.output.textContent = shown < found.length ? `the first ${shown} of ${found.length}` : `${shown} of ${this.rows.size}`;
    this.more.hidden = shown === found.length;
    if (focus) this.box.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }

  heading(column) {
    const sorted = column.key === this.key;
    const sort = () => {
      this.sign = sorted ? -this.sign : 1;
      this.key = column.key;
      this.show();
    };
    return el("th", { scope: "col", "aria-sort": sorted ? (this.sign > 0 ? "ascending" : "descending") : undefined },
      el("button", { type: "button", onclick: sort, "data-focus": `sort ${column.key}` }, column.name));
  }

  line(row, columns) {
    const open = el("button", { type: "button", class: "link", onclick: () => this.opened(row), "data-focus": `trial ${row.number}`,
      "aria-label": `Trial ${row.number}` }, String(row.number));
    const best = row.number === this.best;
    return el("tr", { class: best ? "best" : undefined }, el("th", { scope: "row" }, open, best && el("span", { title: "the best" }, " \u2605")),
      ...columns.slice(1).map((column) => el("td", { class: classOf(column, row), title: column.name === "how it ended" ? row.reason : undefined }, column.text(row))));
  }

  close() { clearTimeout(this.timer); }
}

const classOf = ({ name }, row) => name === "state" ? row.state : name === "how it ended" ? "reason" : undefined;

const textOf = (row) => [`trial ${row.number}`, row.state, row.reason,
  ...Object.entries(row.parameters).map(([name, value]) => `${name}=${number(value)}`)].join(" ").toLowerCase();

// Numbers by value, words by the alphabet; what is missing comes last either way.
function compare(a, b, sign) {
  if (a === undefined || b === undefined || a === null || b === null) return ((a ?? null) === null) - ((b ?? null) === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b));
}
