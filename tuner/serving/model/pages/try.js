"use strict";
// The page: what a person drops, types or chooses is sent, and the answer shown.

const find = (id) => document.getElementById(id);
let card = null;
let asked = 0;

function complain(error) {
  find("trouble").textContent = error ? error.message : "";
  find("trouble").hidden = !error;
  if (error && error.status === 401) find("token-form").hidden = false;
}

async function predict(body, headers, truth, pictures = []) {
  const turn = ++asked;
  complain(null);
  find("results").setAttribute("aria-busy", "true");
  try {
    const answer = await ask(`predict${card.explains ? "?explain=true" : ""}`, { method: "POST", body, headers });
    if (turn !== asked) return;
    find("results").replaceChildren(...answer.predictions.map((each, place) => result(each, card, truth, pictures[place])));
    if (answer.left_out.length) complain(new Error(`left out: ${answer.left_out.join("; ")}`));
  } catch (error) {
    if (turn === asked) { find("results").replaceChildren(); complain(error); }
  } finally {
    find("results").removeAttribute("aria-busy");
  }
}

function sendImages(files, truth) {
  if (!files.length) return;
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  predict(form, {}, truth);
}

function sendWords(truth) {
  const text = find("text").value;
  if (card.task === "tabular") {
    predict(text, { "Content-Type": "text/csv" }, truth);
    return;
  }
  const form = new FormData();
  for (const line of text.split("\n")) if (line.trim()) form.append("text", line);
  predict(form, {}, truth);
}

function cell(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const header = () => card.columns.map((column) => cell(column.name)).join(",");

async function choose(example) {
  if (example.image) {
    const bytes = Uint8Array.from(atob(example.image), (letter) => letter.charCodeAt(0));
    sendImages([new File([bytes], "a sample of the test set", { type: "image/png" })], example.truth);
    return;
  }
  find("text").value = example.text ?? `${header()}\n${example.row.map(cell).join(",")}`;
  sendWords(example.truth);
}

function showExamples(examples) {
  if (!examples.length || (card.task === "tabular" && !card.columns.length)) return;
  const box = find("examples");
  box.className = card.task === "image" ? "gallery" : "list";
  if (card.task === "image" && Math.max(card.shape[1], card.shape[2]) < SMALL) box.classList.add("small");
  box.replaceChildren(...examples.map((example, place) => {
    const inside = example.image
      ? element("img", { src: `data:image/png;base64,${example.image}`, alt: `sample ${place + 1}` })
      : element("span", { textContent: example.text ?? example.row.join(", ") });
    const button = element("button", { type: "button" }, inside);
    button.addEventListener("click", () => choose(example));
    return button;
  }));
  find("examples-section").hidden = false;
}

function curl() {
  const where = `${location.origin}${FOLDER}`;
  const token = sessionStorage.getItem(TOKEN) ? ' -H "Authorization: Bearer TOKEN"' : "";
  if (card.task === "image") return `curl${token} -F file=@image.png ${where}predict`;
  if (card.task === "text") return `curl${token} -F text="What a film!" ${where}predict`;
  return `curl${token} -H "Content-Type: text/csv" --data-binary @rows.csv ${where}predict`;
}

function prepareImages() {
  find("images").hidden = false;
  const files = find("files");
  files.addEventListener("change", () => { sendImages([...files.files]); files.value = ""; });
  const drop = find("drop");
  document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    sendImages([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) sendImages([...event.clipboardData.files]);
  });
}

function prepareWords() {
  find("words").hidden = false;
  const table = card.task === "tabular";
  find("text-label").textContent = table ? "Rows as CSV, with a header" : "A text, or several, one a line";
  if (table) {
    find("text").value = `${header()}\n`;
    find("header").hidden = false;
    find("header").addEventListener("click", () => { find("text").value = `${header()}\n`; find("text").focus(); });
  }
  find("form").addEventListener("submit", (event) => { event.preventDefault(); sendWords(); });
  find("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); sendWords(); }
  });
}

async function begin() {
  try {
    card = await ask("card");
  } catch (error) {
    complain(error);
    return;
  }
  find("token-form").hidden = true;
  complain(null);
  document.title = card.name;
  find("name").textContent = card.name;
  const kind = { image: "images", text: "texts", tabular: "rows of a table" }[card.task];
  const says = card.number ? `a number, ${card.number.name}` : `one of ${card.classes.length} classes`;
  find("lead").textContent = `${card.version ? `Version ${card.version}. ` : ""}It takes ${kind} and says ${says}.`
    + (card.unexplained && card.task !== "tabular" ? ` Where it looks is not shown: ${card.unexplained}.` : "");
  find("form").hidden = false;
  if (card.task === "image") prepareImages();
  else prepareWords();
  find("card").replaceChildren(cardOf(card));
  find("curl").textContent = curl();
  try {
    showExamples(await ask("examples"));
  } catch {
    // the page works without them
  }
}

keepToken();
find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, find("token").value.trim());
  begin();
});
begin();
