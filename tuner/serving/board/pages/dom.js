// Makes elements. Texts become text nodes and nothing else, so that no name of a sweep or parameter is ever markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const find = (id) => document.getElementById(id);

export function note(text, kind = "") {
  const made = el("p", { class: `toast ${kind}` }, text);
  find("notes").append(made);
  setTimeout(() => made.remove(), kind === "error" ? 12000 : 6000);
}

// A word of a command line, as a shell reads it.
export const quoted = (word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\"'\"'")}'`;

// The cluster that the sweeps are on; empty for this machine.
export const place = { cluster: "" };

export const command = (...words) => ["tuner", ...words].map((word) => quoted(String(word))).join(" ");

// A command about a sweep, where that is. On a cluster it runs in the background by itself.
export const there = (...words) => place.cluster
  ? command(...words.filter((word) => word !== "--detach"), "--address", place.cluster) : command(...words);

// A command, and a button that copies it. Where the browser gives no clipboard the text is selected.
export function copyable(text, label = "") {
  const code = el("code", { tabindex: 0 }, text);
  const button = el("button", { type: "button", class: "small", "aria-label": `Copy the command ${text}`, onclick: copy }, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      getSelection().selectAllChildren(code);
    }
  }
  return el("div", { class: "copyable" }, label && el("span", { class: "quiet" }, label), code, button);
}

// A question with buttons. Gives the value of the button, and nothing when it is closed.
export function ask(title, text, shown, buttons) {
  const dialog = find("dialog");
  return new Promise((resolve) => {
    const chosen = (value) => { resolve(value); dialog.close(); };
    dialog.replaceChildren(
      el("h2", {}, title), el("p", {}, text), ...shown.map((each) => copyable(each)),
      el("p", { class: "buttons" }, ...buttons.map(([value, label]) =>
        el("button", { type: "button", class: value ? "strong" : "", onclick: () => chosen(value) }, label))),
    );
    dialog.onclose = () => { if (!dialog.open) resolve(undefined); };  // the question before may tell late that it was closed
    dialog.showModal();
  });
}
