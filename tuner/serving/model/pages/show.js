"use strict";
// What is shown of an answer and of the model. Everything that is not ours is set as text, never as HTML.

const BARS = 5;
const SMALL = 100; // pixels: an image below is shown larger than it is
const NAMES = { accuracy: "accuracy", macro_f1: "macro F1", roc_auc: "ROC-AUC", loss: "loss", r2: "R2", rmse: "RMSE", mae: "MAE" };

function percent(value) {
  if (value === null) return "–";
  const shown = value * 100;
  return shown > 99.95 && value < 1 ? ">99.9 %" : `${shown.toFixed(1)} %`;
}

function bar(name, value, best) {
  const fill = element("div", { className: "fill" });
  fill.style.width = `${100 * (value || 0)}%`;
  const track = element("div", { className: "track" }, fill);
  track.setAttribute("aria-hidden", "true");
  return element("div", { className: best ? "bar best" : "bar" }, element("span", { textContent: name }), track, element("output", { textContent: percent(value) }));
}

// The class that is said comes first. Objects of JavaScript do not keep the order of names such as 6 and 4.
function bars(probabilities, said) {
  const every = Object.entries(probabilities).sort((one, other) => (other[0] === said) - (one[0] === said) || other[1] - one[1]);
  const box = element("div", { className: "bars" });
  const fill = (count) => box.replaceChildren(...every.slice(0, count).map(([name, value], place) => bar(name, value, place === 0)));
  fill(BARS);
  if (every.length <= BARS) return box;
  const more = element("button", { type: "button", textContent: `Show all ${every.length}` });
  more.addEventListener("click", () => { fill(every.length); more.remove(); });
  return element("div", {}, box, more);
}

function layers(explanation, alt, shape) {
  const seen = element("img", { src: `data:image/png;base64,${explanation.seen}`, alt });
  const heat = element("img", { src: `data:image/png;base64,${explanation.heat}`, alt: "" });
  const stack = element("div", { className: Math.max(shape[1], shape[2]) < SMALL ? "layers small" : "layers" }, seen, heat);
  const box = element("input", { type: "checkbox", checked: true });
  box.addEventListener("change", () => { heat.hidden = !box.checked; });
  return element("div", { className: "view" }, stack, element("label", {}, box, " where the model looks"));
}

function marked(words) {
  const line = element("p", { className: "words" });
  for (const [word, weight] of words) {
    const mark = element(weight > 0 ? "mark" : "span", { textContent: word });
    if (weight > 0) mark.style.setProperty("--weight", Math.min(1, weight).toFixed(2));
    line.append(mark, " ");
  }
  return line;
}

function result(prediction, card, truth, picture) {
  const said = element("div", { className: "said" });
  said.append(element("h3", { textContent: prediction.sample }));
  if (prediction.probabilities) said.append(bars(prediction.probabilities, prediction.class));
  else said.append(element("div", { className: "number", textContent: `${shownNumber(prediction.number)} ${prediction.unit || ""}` }), element("p", { textContent: prediction.target }));
  const known = truth ?? prediction.true_class ?? null;
  if (known !== null) {
    const right = prediction.probabilities ? prediction.class === known : null;
    said.append(element("p", { className: right === null ? "note" : right ? "truth-right" : "truth-wrong", textContent: right === null ? `true: ${known}` : right ? `✓ it is ${known}` : `✗ it is ${known}` }));
  }
  for (const note of prediction.notes || []) said.append(element("p", { className: "note", textContent: note }));
  const explanation = prediction.explanation;
  if (explanation && explanation.words) said.append(marked(explanation.words));
  const box = element("article", { className: "result" });
  if (explanation && explanation.seen) box.append(layers(explanation, prediction.sample, card.shape));
  else if (picture) box.append(element("div", { className: "view" }, element("div", { className: "layers" }, element("img", { src: picture, alt: prediction.sample }))));
  box.append(said);
  return box;
}

function shownNumber(value) {
  return value === null ? "–" : Number(value.toPrecision(6)).toLocaleString("en");
}

function pairs(entries) {
  return element("dl", {}, ...entries.map(([name, value, details]) => {
    const dd = element("dd", { textContent: value });
    if (details) dd.append(element("small", { textContent: details }));
    return element("div", {}, element("dt", { textContent: name }), dd);
  }));
}

function cardOf(card) {
  const scores = card.scores.map((score) => [
    `${NAMES[score.name] || score.name}, ${score.of}`, score.value, [score.interval, score.details].filter(Boolean).join("; "),
  ]);
  const size = card.task === "image" ? `${card.shape[2]} × ${card.shape[1]}, ${card.shape[0] === 1 ? "grey" : `${card.shape[0]} channels`}` : card.task === "text" ? `texts, ${card.shape[0]} words` : `${card.columns.length || card.shape[0]} columns`;
  const facts = [["data", card.data, size], ["network", card.network], ["made", new Date(card.created).toLocaleString()]];
  if (card.sweep) facts.push(["sweep", card.sweep]);
  facts.push(...Object.entries(card.facts));
  const box = element("div", {}, pairs(scores), pairs(facts));
  if (card.classes.length) box.append(element("h3", { textContent: `${card.classes.length} classes` }), element("p", { textContent: shortList(card.classes) }));
  if (card.columns.length) box.append(element("h3", { textContent: `${card.columns.length} columns` }), element("p", { textContent: shortList(card.columns.map((each) => each.name)) }));
  const parameters = Object.entries(card.parameters);
  if (parameters.length) {
    const rows = parameters.map(([name, value]) => element("tr", {}, element("th", { textContent: name, scope: "row" }), element("td", { textContent: typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value) })));
    box.append(element("h3", { textContent: "Parameters" }), element("div", { className: "across" }, element("table", {}, element("tbody", {}, ...rows))));
  }
  return box;
}

function shortList(names) {
  return names.length > 40 ? `${names.slice(0, 40).join(", ")} … and ${names.length - 40} more` : names.join(", ");
}
