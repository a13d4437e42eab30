/** One route: who may call it, what goes in, what comes out. */

import { code, element, fold } from "./elements.js";
import { inline, prose } from "./prose.js";
import { parameters, requestView } from "./request.js";
import { resolve, row, schemaView } from "./schema.js";

/** @typedef {import("./request.js").Route} Route */

const CREDENTIALS = /** @type {Record<string, string>} */ ({
  bearer: "a session's access token",
  device: "a television's token",
  stream: "a stream's token",
});

/** @param {any} openapi @returns {Route[]} */
export function routesOf(openapi) {
  return Object.entries(openapi.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
}

/**
 * @param {any} openapi
 * @param {Route} route
 */
export function routeView(openapi, route) {
  const { path, method, operation } = route;
  const isOpen = operation.security?.length === 0;
  const head = element(
    "summary",
    {},
    element("span", { class: `method ${method}` }, method.toUpperCase()),
    element("h3", { class: "path" }, ...breakable(path)),
    element("span", { class: "gist" }, ...inline(operation.summary ?? "")),
    isOpen && element("span", { class: "mark" }, "open"),
  );
  const about = {
    class: "route",
    id: operation.operationId,
    "data-words": findable(openapi, route),
  };
  return fold(about, head, () => [
    element("div", { class: "words" }, ...words(openapi, route)),
    element("div", { class: "samples" }, ...samples(openapi, route)),
  ]);
}

/**
 * What the filter looks at beside the head: codes, roles and what is said of the route.
 * @param {any} openapi
 * @param {Route} route
 */
function findable(openapi, { operation }) {
  const codes = Object.values(operation.responses).flatMap((part) =>
    codesOf(resolve(openapi, part)),
  );
  const flag = operation["x-hearth-flag"] ?? "";
  return [operation.description, ...codes, ...(operation["x-hearth-roles"] ?? []), flag].join(" ");
}

/** @param {any} openapi @param {Route} route */
function words(openapi, route) {
  const { operation } = route;
  const given = parameters(openapi, route);
  const body = resolve(openapi, operation.requestBody);
  return [
    ...prose(operation.description, 4),
    who(operation),
    ...section("Parameters", given.length > 0 && parameterList(openapi, given)),
    ...section("Body", body.content && bodyView(openapi, body)),
    ...answers(openapi, operation).flatMap(([status, answer]) =>
      section(`Answer ${status}`, answerView(openapi, answer)),
    ),
    refusals(openapi, operation),
  ];
}

/** @param {any} operation */
function who(operation) {
  const said = [];
  const scheme = Object.keys(operation.security?.[0] ?? {})[0];
  if (!scheme) said.push("Open to anyone.");
  else {
    const roles = operation["x-hearth-roles"] ?? [];
    said.push(
      `With ${CREDENTIALS[scheme] ?? scheme}`,
      roles.length ? `, as ${roles.join(", ")}.` : ".",
    );
  }
  if (operation["x-hearth-flag"]) said.push(` Behind the flag ${operation["x-hearth-flag"]}.`);
  return element("p", { class: "who" }, ...said);
}

/** @param {string} title @param {Node | false | undefined | ""} content */
function section(title, content) {
  return content ? [element("section", {}, element("h4", {}, title), content)] : [];
}

/** @param {any} openapi @param {any[]} given */
function parameterList(openapi, given) {
  const rows = given.map((parameter) =>
    row(openapi, { ...parameter, sent: true, place: parameter.in }),
  );
  return element("ul", { class: "fields" }, ...rows);
}

/** @param {any} openapi @param {any} body */
function bodyView(openapi, body) {
  const [media] = Object.values(body.content);
  return element(
    "div",
    {},
    mediaTypes(body.content),
    schemaView(openapi, media.schema ?? {}, true),
  );
}

/** @param {any} openapi @param {any} answer */
function answerView(openapi, answer) {
  const made = element("div", {}, element("p", {}, ...inline(answer.description)));
  if (answer.content) {
    made.append(mediaTypes(answer.content));
    const described = Object.values(answer.content).find((media) => media.schema);
    if (described) made.append(schemaView(openapi, described.schema, false));
  }
  const headers = Object.entries(answer.headers ?? {});
  if (headers.length) {
    const rows = headers.map(([name, header]) =>
      row(openapi, { ...resolve(openapi, header), name, sent: false }),
    );
    const head = element("summary", {}, "Headers");
    made.append(
      fold({ class: "inner" }, head, () => [element("ul", { class: "fields" }, ...rows)]),
    );
  }
  return made;
}

/** @param {Record<string, any>} content */
function mediaTypes(content) {
  const types = Object.keys(content).flatMap((type, at) => [
    at ? " or " : "",
    element("code", {}, type),
  ]);
  return element("p", { class: "note" }, "As ", ...types);
}

/** @param {any} openapi @param {any} operation @returns {[string, any][]} */
function answers(openapi, operation) {
  return Object.entries(operation.responses)
    .filter(([status]) => /^[123]/.test(status))
    .map(([status, answer]) => [status, resolve(openapi, answer)]);
}

/** @param {any} openapi @param {any} operation */
function refusals(openapi, operation) {
  const head = element("summary", {}, "How it may be refused");
  return fold({ class: "inner" }, head, () => {
    const rows = Object.entries(operation.responses)
      .filter(([status]) => /^[45]/.test(status))
      .map(([status, part]) => refusal(status, resolve(openapi, part)));
    return [element("ul", { class: "fields" }, ...rows)];
  });
}

/** @param {string} status @param {any} response */
function refusal(status, response) {
  return element(
    "li",
    { class: "field" },
    element(
      "p",
      { class: "codes" },
      element("span", { class: "name" }, status),
      ...codesOf(response).map((name) => element("code", {}, name)),
    ),
    element("p", { class: "said" }, ...inline(response.description)),
  );
}

/** @param {any} response @returns {string[]} */
function codesOf(response) {
  const [media] = Object.values(response.content ?? {});
  return media?.schema?.properties?.error?.properties?.code?.enum ?? [];
}

/** @param {any} openapi @param {Route} route */
function samples(openapi, route) {
  const made = [requestView(openapi, route)];
  for (const [status, answer] of answers(openapi, route.operation)) {
    const example = Object.values(answer.content ?? {}).find(
      (media) => "example" in media,
    )?.example;
    if (example !== undefined)
      made.push(code(`Answer ${status}, an example`, () => JSON.stringify(example, null, 2)));
  }
  return made;
}

/** @param {string} path which may be broken across lines behind each of its parts */
export function breakable(path) {
  return path.split(/(?=\/)/).flatMap((part) => [document.createElement("wbr"), part]);
}
