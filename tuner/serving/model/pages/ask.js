"use strict";
// Requests to this server, with the token if it asks for one. No other address is ever asked.

const FOLDER = location.pathname.replace(/[^/]*$/, ""); // a cluster has several models, each in a folder of its own
const TOKEN = `tuner-token${FOLDER}`;

function keepToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    sessionStorage.setItem(TOKEN, found);
    history.replaceState(null, "", location.pathname); // so that it is in no bookmark
  }
}

async function ask(path, options = {}) {
  const headers = { ...(options.headers || {}) };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers });
  let said;
  try {
    said = await answer.json();
  } catch {
    throw new Error(`the server answers with status ${answer.status}`);
  }
  if (!answer.ok) {
    const error = new Error(said.message || `status ${answer.status}`);
    error.status = answer.status;
    throw error;
  }
  return said;
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
