// Which part of the page is shown, and the stream of what changes.

import { get, hasToken, listen, login, setToken, takeToken } from "./api.js";
import { showNew } from "./compose.js";
import { el, find, note, place } from "./dom.js";
import { showList } from "./list.js";
import { showSweep } from "./sweep.js";

export const state = { rows: new Map(), complete: false, about: {}, trouble: "" };
let view = null;
let stream = null;

function route() {
  const [, where, name] = /^#\/(\w*)(?:\/(.*))?$/.exec(location.hash) ?? [];
  stream?.abort();
  view?.close?.();
  const main = find("main");
  if (where === "sweep" && name) view = showSweep(main, decodeURIComponent(name), state);
  else if (where === "new") view = showNew(main, state);
  else view = showList(main, state);
  document.title = view.title;
  follow(view.sweep);
}

async function follow(sweep) {
  const mine = new AbortController();
  stream = mine;
  while (!mine.signal.aborted) {
    try {
      await listen(`api/events${sweep ? `?sweep=${encodeURIComponent(sweep)}` : ""}`, mine.signal, heard);
      find("link").textContent = "The server has ended.";
    } catch (error) {
      if (mine.signal.aborted) return;
      find("link").textContent = error.status === 401 ? error.message : "The server does not answer. Is tuner ui still running?";
      if (error.status === 401) return askToken();
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

function heard(name, data) {
  if (name === "state") [state.complete, state.trouble] = [data.complete, data.trouble];
  find("link").textContent = state.trouble && `${state.trouble} (it is tried again)`;
  if (name === "sweeps") {
    for (const [key, row] of Object.entries(data.rows)) {
      if (row === null) state.rows.delete(key);
      else state.rows.set(key, row);
    }
    state.complete = data.complete;
  }
  view?.heard?.(name, data);
}

function askToken() {
  const input = el("input", { type: "password", autocomplete: "off", size: 40 });
  const form = el("form", {}, el("label", {}, "Token, as tuner ui has printed it ", input), el("button", {}, "Use it"));
  form.addEventListener("submit", (event) => { event.preventDefault(); setToken(input.value); begin(); });
  find("main").replaceChildren(form);
}

async function begin() {
  try {
    if (hasToken()) await login();
    state.about = await get("api/about");
    place.cluster = state.about.cluster;
    find("where").textContent = state.about.home;
    if (state.about.optuna_note) note(state.about.optuna_note);
    route();
  } catch (error) {
    find("link").textContent = error.message;
    if (error.status === 401) askToken();
    else setTimeout(begin, 3000);
  }
}

takeToken();
addEventListener("hashchange", () => { takeToken(); route(); find("main").focus({ preventScroll: true }); scrollTo(0, 0); });
begin();
