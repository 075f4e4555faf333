"use strict";
// Sorts and filters the table of trials. It is complete without this.
for (const part of document.querySelectorAll(".trials")) {
  const body = part.querySelector("tbody");
  const heads = [...part.querySelectorAll("thead th")];
  const rows = [...body.rows];
  const texts = rows.map((row) => [...row.cells].map((cell) => cell.textContent.toLowerCase()).join("\n"));
  const seconds = (text) => /^\d+ (s|min|h)\b/.test(text)
    ? [...text.matchAll(/(\d+) (s|min|h)/g)].reduce((sum, [, n, unit]) => sum + n * { s: 1, min: 60, h: 3600 }[unit], 0)
    : parseFloat(text);

  const most = 300; // rows that are laid out unless all are asked for: thousands take seconds
  const [input, output, more] = ["input", "output", ".tools button"].map((found) => part.querySelector(found));
  const matching = new Set(rows);
  let limit = most;

  function show() {
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = !matching.has(row) || shown >= limit;
      shown += !row.hidden;
    }
    const found = matching.size < rows.length ? `${matching.size} of ${rows.length}` : `${rows.length}`;
    output.textContent = shown < matching.size ? `the first ${shown} of ${found}` : `${shown} of ${rows.length}`;
    more.hidden = shown === matching.size;
  }

  // Numbers by value, words by the alphabet; empty cells are last either way.
  function sort(column, sign) {
    const keys = new Map(rows.map((row) => {
      const text = row.cells[column].textContent;
      return [row, { text, number: seconds(text) }];
    }));
    const compare = (a, b) => {
      if (!a.text || !b.text) return (a.text ? 0 : 1) - (b.text ? 0 : 1);
      if (isNaN(a.number) || isNaN(b.number)) return sign * a.text.localeCompare(b.text);
      return sign * (a.number - b.number);
    };
    const sorted = [...rows].sort((a, b) => compare(keys.get(a), keys.get(b)));
    rows.forEach((row) => { row.hidden = true; });
    body.append(...sorted);
    show();
  }

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    sort(column, up ? 1 : -1);
  }));

  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    limit = most;
    matching.clear();
    rows.forEach((row, index) => words.every((word) => texts[index].includes(word)) && matching.add(row));
    show();
  });
  more.addEventListener("click", () => { limit = Infinity; show(); });
  show();
}
