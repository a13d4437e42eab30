/** One request: made up from an operation's fields, shown as a line for curl, and sent. */

import { code, element, tell } from "./elements.js";
import { resolve } from "./schema.js";

/** @typedef {{path: string, method: string, operation: any}} Route */

// In this module's memory and nowhere else; the lines for curl name a variable instead.
let token = "";

/** @param {string} given */
export function signIn(given) {
  token = given.trim();
}

/**
 * @param {any} openapi
 * @param {Route} route
 */
export function parameters(openapi, { operation }) {
  return (operation.parameters ?? []).map((/** @type {any} */ part) => resolve(openapi, part));
}

/**
 * The request's fields, its line for curl and the button that sends it.
 * @param {any} openapi
 * @param {Route} route
 */
export function requestView(openapi, route) {
  const request = new Attempt(openapi, route);
  const curl = code("The request for curl", () => request.curl());
  const answer = element("div", { class: "answer", role: "status" });
  const send = element("button", { type: "button", class: "act" }, "Send it");
  send.addEventListener("click", async () => {
    send.disabled = true;
    answer.replaceChildren(element("p", {}, "Waiting for the server …"));
    answer.replaceChildren(...(await request.send()));
    send.disabled = false;
  });
  const fields = element("div", { class: "inputs" }, ...request.inputs());
  fields.addEventListener("input", () => curl.refresh());
  const trial = element(
    "details",
    { class: "try" },
    element("summary", {}, "Try it"),
    fields,
    !request.isOpen &&
      element("p", { class: "note" }, "Sent with your token, once you have given one."),
    request.canBeSent
      ? send
      : element("p", { class: "note" }, `A ${request.mediaType} body is sent best with curl.`),
    answer,
  );
  return element("div", { class: "request" }, curl, trial);
}

class Attempt {
  /** @param {any} openapi @param {Route} route */
  constructor(openapi, route) {
    this.route = route;
    this.method = route.method.toUpperCase();
    this.isOpen = route.operation.security?.length === 0;
    /** @type {{parameter: any, input: HTMLInputElement}[]} */
    this.fields = parameters(openapi, route).map((/** @type {any} */ parameter) => ({
      parameter,
      input: element("input", { type: "text", autocomplete: "off", spellcheck: "false" }),
    }));
    const content = resolve(openapi, route.operation.requestBody).content ?? {};
    this.mediaType = Object.keys(content)[0] ?? "";
    this.example = content[this.mediaType]?.example;
    this.canBeSent = !this.mediaType || this.mediaType === "application/json";
    this.body = element("textarea", { rows: "6", spellcheck: "false" });
    this.body.value = this.example === undefined ? "" : JSON.stringify(this.example, null, 2);
  }

  inputs() {
    const inputs = this.fields.map(({ parameter, input }) =>
      labelled(`${parameter.name}${parameter.required ? "" : " (may be left out)"}`, input),
    );
    if (this.mediaType && this.canBeSent) inputs.push(labelled("Body", this.body));
    return inputs;
  }

  /** @param {boolean} shown as an example: a path keeps the names of what is not filled in */
  address(shown) {
    let path = this.route.path;
    const query = new URLSearchParams();
    for (const { parameter, input } of this.fields) {
      const value = input.value;
      if (parameter.in === "path" && (value || !shown))
        path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
      if (parameter.in === "query" && value) query.set(parameter.name, value);
    }
    return query.size ? `${path}?${query}` : path;
  }

  /** @returns {[string, string][]} */
  headers() {
    return this.fields
      .filter(({ parameter, input }) => parameter.in === "header" && input.value)
      .map(({ parameter, input }) => [parameter.name, input.value]);
  }

  curl() {
    const method = this.method === "GET" ? [] : ["-X", this.method];
    const words = [["curl", ...method, quoted(location.origin + this.address(true))]];
    if (!this.isOpen) words.push(["-H", '"Authorization: Bearer $TOKEN"']);
    for (const [name, value] of this.headers()) words.push(["-H", quoted(`${name}: ${value}`)]);
    words.push(...this.curlBody());
    return words.map((line) => line.join(" ")).join(" \\\n  ");
  }

  curlBody() {
    if (!this.mediaType) return [];
    const fields = Object.entries(this.example ?? {}).filter(([, value]) => value !== null);
    if (this.mediaType.startsWith("multipart/"))
      return fields.map(([name, value]) => [
        "-F",
        name === "file" ? "file=@FILE" : quoted(`${name}=${value}`),
      ]);
    if (this.mediaType.endsWith("urlencoded"))
      return fields.map(([name, value]) => ["--data-urlencode", quoted(`${name}=${value}`)]);
    const type = ["-H", quoted(`Content-Type: ${this.mediaType}`)];
    const body = this.canBeSent
      ? ["-d", quoted(compact(this.body.value))]
      : ["--data-binary", "@FILE"];
    return [type, body];
  }

  /** @returns {Promise<Node[]>} */
  async send() {
    const headers = new Headers(this.headers());
    if (token && !this.isOpen) headers.set("Authorization", `Bearer ${token}`);
    if (this.mediaType) headers.set("Content-Type", this.mediaType);
    try {
      const response = await fetch(this.address(false), {
        method: this.method,
        headers,
        body: this.mediaType ? this.body.value : undefined,
        // What opens it is the token above and nothing that this browser happens to keep.
        credentials: "omit",
        redirect: "manual",
      });
      return await answerView(response);
    } catch {
      return [element("p", {}, "The server can't be reached. Is it running?")];
    }
  }
}

/** @param {Response} response */
async function answerView(response) {
  if (response.type === "opaqueredirect")
    return [element("p", {}, "It sends the browser elsewhere, which this page does not follow.")];
  const line = `${response.status} ${response.statusText}`;
  tell(`The server answered ${line}`);
  const type = response.headers.get("Content-Type") ?? "";
  const head = element("p", {}, element("strong", {}, line), ` ${type}`);
  const readable = /json|text|sdp/.test(type);
  const text = readable ? await response.text() : "";
  if (!text) return [head];
  return [head, code("The answer", () => (type.includes("json") ? pretty(text) : text))];
}

/** @param {string} label @param {HTMLElement} input */
function labelled(label, input) {
  return element("label", {}, element("span", {}, label), input);
}

/** @param {string} text for a shell, where nothing inside single quotes means anything */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** @param {string} json */
function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** @param {string} json */
function compact(json) {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
