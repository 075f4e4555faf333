"use strict";
// The routes of openapi.json, as a page that needs no network.

function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function examplesOf(content) {
  const named = Object.values(content.examples || {}).map((example) => example.value);
  return "example" in content ? [content.example, ...named] : named;
}

function bodyOf(kind, content) {
  const fields = Object.entries((content.schema && content.schema.properties) || {});
  const box = element("div", {}, element("h3", { textContent: kind }));
  if (content.schema && content.schema.description) box.append(element("p", { textContent: content.schema.description }));
  if (fields.length && !examplesOf(content).length) box.append(element("p", { textContent: `fields: ${fields.map(([name]) => name).join(", ")}` }));
  for (const example of examplesOf(content)) box.append(element("pre", { textContent: pretty(example), tabIndex: 0 }));
  return box;
}

function routeOf(path, method, said) {
  const box = element("section", {});
  box.append(element("h2", {}, element("span", { className: "method", textContent: method.toUpperCase() }), path));
  box.append(element("p", { textContent: said.description || said.summary || "" }));
  for (const parameter of said.parameters || []) {
    box.append(element("p", {}, element("code", { textContent: `?${parameter.name}=${parameter.schema.type === "boolean" ? "true" : "…"}` }), ` ${parameter.description || ""}`));
  }
  for (const [kind, content] of Object.entries((said.requestBody && said.requestBody.content) || {})) box.append(bodyOf(kind, content));
  const rows = Object.entries(said.responses || {}).filter(([status]) => status !== "422").map(([status, each]) =>
    element("tr", {}, element("th", { textContent: status, scope: "row" }), element("td", { textContent: each.description })));
  if (said.requestBody) box.append(element("h3", { textContent: "Answers" }), element("div", { className: "across" }, element("table", {}, element("tbody", {}, ...rows))));
  return box;
}

async function begin() {
  keepToken();
  try {
    const api = await ask("openapi.json");
    document.getElementById("lead").textContent = api.info.description || "";
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, said] of Object.entries(methods)) document.getElementById("routes").append(routeOf(path, method, said));
    }
  } catch (error) {
    const trouble = document.getElementById("trouble");
    trouble.textContent = error.status === 401 ? "This server asks for a token: open the page with the address that it has printed first." : error.message;
    trouble.hidden = false;
  }
}
begin();
