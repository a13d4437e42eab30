/** JSON Schema for readers: what a value may be, and the fields of an object one by one. */

import { element, fold } from "./elements.js";
import { inline } from "./prose.js";

/** @typedef {Record<string, any>} Schema */

// A longer expression is for programs: the description says what it means.
const LONGEST_PATTERN = 60;

/**
 * What a `$ref` stands for, with what is said beside it; JSON Schema 2020-12 allows both.
 * @param {any} whole the document
 * @param {any} part
 * @returns {any}
 */
export function resolve(whole, part) {
  while (part && part.$ref) {
    const { $ref, ...beside } = part;
    const steps = $ref.replace(/^#\//, "").split("/");
    const target = steps.reduce(
      (/** @type {any} */ at, /** @type {string} */ step) =>
        at?.[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")],
      whole,
    );
    part = { ...target, ...beside };
  }
  return part ?? {};
}

/**
 * @param {any} whole
 * @param {Schema} schema
 * @returns {Schema[]} the ways in which a value may fit, null apart
 */
function choices(whole, schema) {
  const name = schema.$ref?.split("/").pop();
  const resolved = resolve(whole, schema);
  const union = resolved.anyOf ?? resolved.oneOf;
  if (union) return union.flatMap((/** @type {Schema} */ choice) => choices(whole, choice));
  const kinds = [resolved.type].flat();
  return kinds.map((type) => ({ ...resolved, type, name }));
}

/**
 * The type in words: `string, at most 80 characters`, `array of NoteOut`, `"a" or "b"`.
 * @param {any} whole
 * @param {Schema} schema
 * @returns {string}
 */
export function typeWords(whole, schema) {
  const words = choices(whole, schema).map((choice) => choiceWords(whole, choice));
  return [...new Set(words)].join(" or ") || "anything";
}

/** @param {any} whole @param {Schema} choice @returns {string} */
function choiceWords(whole, choice) {
  if ("const" in choice) return JSON.stringify(choice.const);
  if (choice.enum) {
    const values = choice.enum.map((/** @type {any} */ value) => JSON.stringify(value));
    return values.length > 8
      ? `${choice.name ?? "one of"} (${values.length} values)`
      : values.join(" or ");
  }
  if (choice.type === "array") {
    const items = choice.items ? typeWords(whole, choice.items) : "anything";
    return `array of ${/ or |,/.test(items) ? `(${items})` : items}${bounds(choice, "Items", "items")}`;
  }
  if (choice.type === "object") {
    if (choice.name) return choice.name;
    const values = choice.additionalProperties;
    return values && typeof values === "object"
      ? `object of ${typeWords(whole, values)}`
      : "object";
  }
  const kind = [choice.type ?? "anything", choice.format && `(${choice.format})`];
  return kind.filter(Boolean).join(" ") + bounds(choice, "Length", "characters") + range(choice);
}

/** @param {Schema} schema @param {string} suffix @param {string} unit */
function bounds(schema, suffix, unit) {
  const least = schema[`min${suffix}`];
  const most = schema[`max${suffix}`];
  if (least && most) return least === most ? `, ${least} ${unit}` : `, ${least} to ${most} ${unit}`;
  if (least) return `, at least ${least} ${unit}`;
  return most === undefined ? "" : `, at most ${most} ${unit}`;
}

/** @param {Schema} schema */
function range(schema) {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const words = [];
  if (minimum !== undefined && maximum !== undefined) words.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) words.push(`${minimum} or more`);
  else if (maximum !== undefined) words.push(`${maximum} or less`);
  if (exclusiveMinimum !== undefined) words.push(`more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined) words.push(`less than ${exclusiveMaximum}`);
  if (multipleOf !== undefined) words.push(`in steps of ${multipleOf}`);
  return words.map((word) => `, ${word}`).join("");
}

/**
 * @param {any} whole
 * @param {Schema} schema
 * @param {boolean} sent by the client; else it is what the client gets
 * @returns {HTMLElement} the fields of an object, or the words for what is none
 */
export function schemaView(whole, schema, sent) {
  const [object, another] = choices(whole, schema).filter(hasFields);
  if (object && !another) return fields(whole, object, sent);
  return row(whole, { name: "", schema, sent });
}

/** @param {any} whole @param {Schema} object @param {boolean} sent */
function fields(whole, object, sent) {
  const required = new Set(object.required ?? []);
  const rows = Object.entries(object.properties).map(([name, schema]) =>
    row(whole, { name, schema, sent, required: required.has(name) }),
  );
  return element("ul", { class: "fields" }, ...rows);
}

/**
 * One field or parameter: its name, its type, what is said of it, and what is inside.
 * @param {any} whole
 * @param {{name: string, schema: Schema, sent: boolean, required?: boolean, place?: string,
 *   description?: string}} field
 */
export function row(whole, { name, schema, sent, required, place, description }) {
  const resolved = resolve(whole, schema);
  const said = description ?? schema.description ?? (schema.$ref ? "" : resolved.description);
  const marks = [
    place,
    // Said is what is not a matter of course: that it must be sent, or that it may not come.
    name && (sent ? required && "required" : required === false && "may be absent"),
    resolved.readOnly && "read-only",
    resolved.deprecated && "deprecated",
  ];
  return element(
    name ? "li" : "div",
    { class: "field" },
    element(
      "p",
      { class: "head" },
      name && element("code", { class: "name" }, name),
      element("span", { class: "type" }, typeWords(whole, schema)),
      ...marks.filter(Boolean).map((mark) => element("span", { class: "mark" }, mark)),
    ),
    said && element("p", { class: "said" }, ...inline(said)),
    values(resolved),
    resolved.pattern?.length <= LONGEST_PATTERN && note("Fits", resolved.pattern),
    ...inner(whole, schema, sent),
  );
}

/** @param {Schema} schema */
function values(schema) {
  if (schema.default !== undefined && schema.default !== null)
    return note("Unless told", JSON.stringify(schema.default));
  if (schema.enum || "const" in schema) return false;
  const [example] = schema.examples ?? [];
  const tells = typeof example === "string" || typeof example === "number";
  return tells && note("As in", JSON.stringify(example));
}

/** @param {string} label @param {string} text */
function note(label, text) {
  return element("p", { class: "note" }, `${label} `, element("code", {}, text));
}

/**
 * Folds for the objects that a field holds, itself, in a list or by name.
 * @param {any} whole
 * @param {Schema} schema
 * @param {boolean} sent
 * @returns {HTMLElement[]}
 */
function inner(whole, schema, sent) {
  return choices(whole, schema).flatMap((choice) => {
    if (choice.type === "array" && choice.items) return inner(whole, choice.items, sent);
    const named = choice.additionalProperties;
    if (choice.type === "object" && !hasFields(choice) && named && typeof named === "object")
      return inner(whole, named, sent);
    if (choice.enum?.length > 8) return [allValues(choice)];
    if (!hasFields(choice)) return [];
    const head = element("summary", {}, `Fields of ${choice.name ?? "the object"}`);
    return [fold({ class: "inner" }, head, () => [fields(whole, choice, sent)])];
  });
}

/** @param {Schema} choice */
function allValues(choice) {
  const head = element("summary", {}, `The ${choice.enum.length} values`);
  const values = choice.enum.map((/** @type {any} */ value) => element("code", {}, String(value)));
  return fold({ class: "inner" }, head, () => [element("p", { class: "codes" }, ...values)]);
}

/** @param {Schema} choice */
function hasFields(choice) {
  return Object.keys(choice.properties ?? {}).length > 0;
}
