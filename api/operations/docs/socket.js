/** One socket: what a client may send on it, and what it hears. */

import { code, element, fold } from "./elements.js";
import { inline } from "./prose.js";
import { resolve, row, schemaView } from "./schema.js";
import { breakable } from "./route.js";

/** @typedef {{id: string, operation: any, message: any}} Frame */

/**
 * @param {any} asyncapi
 * @param {string} key
 */
export function socketView(asyncapi, key) {
  const channel = asyncapi.channels[key];
  const frames = framesOf(asyncapi, key);
  const query = Object.entries(channel.bindings?.ws?.query?.properties ?? {});
  const required = channel.bindings?.ws?.query?.required ?? [];
  const roles = channel["x-hearth-roles"] ?? [];
  return element(
    "section",
    { class: "part", id: key },
    element("h2", {}, ...breakable(channel.address)),
    element("p", {}, ...inline(`${channel.summary ?? ""} ${channel.description ?? ""}`)),
    roles.length > 0 && element("p", { class: "who" }, `For ${roles.join(", ")}.`),
    query.length > 0 &&
      element(
        "ul",
        { class: "fields" },
        ...query.map(([name, schema]) =>
          row(asyncapi, {
            name,
            schema,
            sent: true,
            place: "query",
            required: required.includes(name),
          }),
        ),
      ),
    ...group(
      asyncapi,
      "A client sends",
      frames.filter(({ operation }) => operation.action === "receive"),
    ),
    ...group(
      asyncapi,
      "A client hears",
      frames.filter(({ operation }) => operation.action === "send"),
    ),
  );
}

/** @param {any} asyncapi @param {string} key @returns {Frame[]} */
function framesOf(asyncapi, key) {
  return Object.entries(asyncapi.operations)
    .filter(([, operation]) => operation.channel.$ref === `#/channels/${key}`)
    .map(([id, operation]) => ({
      id,
      operation,
      message: resolve(asyncapi, operation.messages[0]),
    }));
}

/** @param {any} asyncapi @param {string} title @param {Frame[]} frames */
function group(asyncapi, title, frames) {
  if (frames.length === 0) return [];
  return [element("h3", {}, title), ...frames.map((frame) => frameView(asyncapi, frame))];
}

/** @param {any} asyncapi @param {Frame} frame */
function frameView(asyncapi, { id, operation, message }) {
  const sends = operation.action === "receive";
  const head = element(
    "summary",
    {},
    element("span", { class: `method ${sends ? "post" : "get"}` }, sends ? "send" : "hear"),
    element("h4", { class: "path" }, message.name),
    element("span", { class: "gist" }, ...inline(operation.summary ?? "")),
  );
  return fold({ class: "route", id }, head, () => [
    element(
      "div",
      { class: "words" },
      ...answered(asyncapi, operation),
      schemaView(asyncapi, message.payload, sends),
    ),
    element(
      "div",
      { class: "samples" },
      ...(message.examples ?? []).map((/** @type {any} */ example) =>
        code("The frame, an example", () => JSON.stringify(example.payload, null, 2)),
      ),
    ),
  ]);
}

/** @param {any} asyncapi @param {any} operation */
function answered(asyncapi, operation) {
  const replies = operation.reply?.messages ?? [];
  const names = replies.map((/** @type {any} */ reply) => {
    const key = reply.$ref.replace("#/channels/", "").replace("/messages/", ".");
    return element("a", { href: `#${key}` }, resolve(asyncapi, reply).name);
  });
  const said = names.length ? ["Answered by ", ...names, "."] : [];
  const roles = (operation["x-hearth-roles"] ?? []).join(", ");
  return [
    said.length > 0 && element("p", {}, ...said),
    roles && element("p", { class: "who" }, `For ${roles}.`),
  ].filter(Boolean);
}
