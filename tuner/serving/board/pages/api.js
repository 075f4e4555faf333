// Requests to the server of this page. The token is the part of its address behind #, which no server sees.

const KEY = "tuner token";

export function takeToken() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (!given) return;
  sessionStorage.setItem(KEY, decodeURIComponent(given[1]));
  history.replaceState(null, "", "#/");
}

export const hasToken = () => Boolean(sessionStorage.getItem(KEY));
export const setToken = (text) => sessionStorage.setItem(KEY, text.trim());

const headers = () => hasToken() ? { authorization: `Bearer ${sessionStorage.getItem(KEY)}` } : {};

async function answer(response) {
  const found = await response.json().catch(() => ({ error: `the server answers ${response.status}` }));
  if (!response.ok) throw Object.assign(new Error(found.error ?? `the server answers ${response.status}`), { status: response.status });
  return found;
}

export const get = async (path, signal) => answer(await fetch(path, { headers: headers(), signal }));

export const post = async (path, body = {}) => answer(await fetch(path, {
  method: "POST", headers: { ...headers(), "content-type": "application/json" }, body: JSON.stringify(body),
}));

// For reports that are opened by a link, where even to look needs the token.
export const login = () => fetch("api/login", { method: "POST", headers: headers() }).catch(() => {});

// Server-sent events, until the signal ends them. EventSource could not send the token.
export async function listen(path, signal, heard) {
  const response = await fetch(path, { headers: headers(), signal });
  if (!response.ok) await answer(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const name = /^event: (.*)$/m.exec(part), data = /^data: (.*)$/m.exec(part);
      if (name && data) heard(name[1], JSON.parse(data[1]));
    }
  }
}
