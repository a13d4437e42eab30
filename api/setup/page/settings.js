// The form of the settings: a group for each kind, a row for each setting.

import { element } from "./elements.js";
import { onSubmit, tell } from "./forms.js";
import { ask } from "./server.js";
import { arrange, readingOf } from "./words.js";

/**
 * @typedef {boolean | number | string} Value
 * @typedef {{name: string, type: "bool" | "int" | "choice" | "text", value: Value,
 *   minimum: number | null, maximum: number | null, choices: string[] | null, description: string}} Setting
 * @typedef {{settings: Setting[], version: number}} Settings
 * @typedef {HTMLInputElement | HTMLSelectElement} Control
 * @typedef {import("./words.js").Words} Words
 */

const PATH = "/admin/settings";

const form = element("settings", HTMLFormElement);
const sheet = element("groups", HTMLElement);
const outcome = element("settings-outcome", HTMLElement);

/** @type {Map<string, Control>} */
const controls = new Map();
/** @type {Settings} */
let known = { settings: [], version: 0 };

/** Show the settings as they are, to be changed. */
export async function showSettings() {
  try {
    const { ok, body } = await ask(PATH);
    if (ok) show(body);
    else tell(outcome, body.error.message, "trouble");
  } catch {
    tell(outcome, "The server cannot be reached. Reload in a moment.", "trouble");
  }
  form.hidden = false;
}

/** @param {Setting} setting @param {Words} words @returns {Control} */
function control(setting, { choices }) {
  if (setting.type === "choice") {
    const select = document.createElement("select");
    for (const choice of setting.choices ?? []) {
      select.add(new Option(choices?.[choice] ?? choice, choice));
    }
    return select;
  }
  const input = document.createElement("input");
  if (setting.type === "bool") {
    input.type = "checkbox";
    input.setAttribute("role", "switch");
  } else if (setting.type === "int") {
    input.type = "number";
    input.required = true;
    input.min = String(setting.minimum ?? "");
    input.max = String(setting.maximum ?? "");
  } else {
    input.type = "text";
    input.maxLength = setting.maximum ?? -1;
  }
  return input;
}

/** @param {Setting} setting @param {Words} words */
function row(setting, words) {
  const input = control(setting, words);
  input.id = setting.name;
  controls.set(setting.name, input);
  const title = made("label", words.title);
  title.htmlFor = input.id;
  const reading = made("span");
  input.addEventListener("input", () => {
    reading.textContent = readingOf(setting.name, valueOf(input));
  });
  const note = made("p");
  note.id = `${setting.name}-note`;
  note.append(reading, setting.description);
  input.setAttribute("aria-describedby", note.id);
  const line = made("div");
  line.className = "row";
  line.append(title, input, note);
  return line;
}

/** @param {string} title @param {HTMLElement[]} rows */
function group(title, rows) {
  const titles = rows.map((row) => row.querySelector("label")?.textContent);
  const summary = made("summary");
  summary.append(made("h3", title), made("p", titles.join(" · ")));
  const fold = made("details");
  fold.className = "sheet";
  fold.append(summary, ...rows);
  return fold;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} [words]
 */
function made(tag, words = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

/** @param {Control} input @returns {Value} */
function valueOf(input) {
  if (input instanceof HTMLSelectElement || input.type === "text") return input.value;
  return input.type === "checkbox" ? input.checked : Number(input.value);
}

/** @param {Control} input @param {Value} value */
function setValue(input, value) {
  if (input instanceof HTMLInputElement && typeof value === "boolean") input.checked = value;
  else input.value = String(value);
  input.dispatchEvent(new Event("input"));
}

/** What differs from what the server last said. */
function changes() {
  /** @type {Record<string, Value>} */
  const changed = {};
  for (const { name, value } of known.settings) {
    const input = controls.get(name);
    if (input && valueOf(input) !== value) changed[name] = valueOf(input);
  }
  return changed;
}

/**
 * Show what the server says, but for what is being changed here. Rows stay where they are, and so
 * does the focus.
 * @param {Settings} settings
 * @param {Record<string, Value>} [kept]
 */
function show(settings, kept = {}) {
  if (!controls.size) {
    for (const { title, rows } of arrange(settings.settings)) {
      sheet.append(group(title, rows.map(({ setting, words }) => row(setting, words))));
    }
  }
  known = settings;
  for (const { name, value } of settings.settings) {
    const input = controls.get(name);
    if (input) setValue(input, kept[name] ?? value);
  }
}

async function save() {
  const changed = changes();
  if (!Object.keys(changed).length) return tell(outcome, "Nothing has changed yet.");
  const { ok, status, body } = await ask(PATH, {
    method: "PUT",
    headers: { "If-Match": `"${known.version}"` },
    body: { settings: changed },
  });
  if (ok) {
    show(body);
    return tell(outcome, "Saved.", "fine");
  }
  if (status !== 412) return tell(outcome, body.error.message, "trouble");
  const present = await ask(PATH);
  if (present.ok) show(present.body, changed);
  return tell(outcome, `${body.error.message} You see them now; what you changed is kept.`, "trouble");
}

form.addEventListener("input", () => {
  form.dataset.touched = "";
  tell(outcome, "");
});
onSubmit(form, outcome, save);
// A browser can't go to a field that is folded away.
form.addEventListener("invalid", ({ target }) => {
  const fold = target instanceof Element && target.closest("details");
  if (fold) fold.open = true;
}, true);
