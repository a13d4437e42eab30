// The set-up page: what the link's holder may do before there is an admin.

/**
 * @typedef {{name: string, type: "bool" | "int" | "choice" | "text", value: boolean | number | string,
 *   minimum: number | null, maximum: number | null, choices: string[] | null, description: string}} Setting
 * @typedef {{settings: Setting[], version: number}} Settings
 */

const token = location.hash.slice(1);
const state = element("state", HTMLElement);
const form = element("settings", HTMLFormElement);
const fields = element("fields", HTMLElement);
const outcome = element("outcome", HTMLElement);

/** @type {Settings | null} */
let shown = null;

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} [method] @param {object} [body] */
function ask(method = "GET", body) {
  /** @type {Record<string, string>} */
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  if (body && shown) headers["If-Match"] = `"${shown.version}"`;
  return fetch("/admin/settings", { method, headers, body: body && JSON.stringify(body) });
}

/** @param {Setting} setting */
function control(setting) {
  if (setting.type === "choice") {
    const select = document.createElement("select");
    for (const choice of setting.choices ?? []) select.add(new Option(choice, choice));
    select.value = String(setting.value);
    return select;
  }
  const input = document.createElement("input");
  if (setting.type === "bool") {
    input.type = "checkbox";
    input.checked = Boolean(setting.value);
  } else {
    input.type = setting.type === "int" ? "number" : "text";
    input.value = String(setting.value);
    input.required = setting.type === "int";
    if (setting.type === "int") {
      input.min = String(setting.minimum ?? "");
      input.max = String(setting.maximum ?? "");
    }
  }
  return input;
}

/** @param {Setting} setting */
function row(setting) {
  const label = document.createElement("label");
  label.className = setting.type === "bool" ? "switch" : "";
  const words = document.createElement("span");
  const name = document.createElement("span");
  const description = document.createElement("small");
  const input = control(setting);
  input.name = setting.name;
  name.className = "name";
  name.textContent = setting.name.replace("feature.", "").replaceAll("_", " ");
  description.textContent = setting.description;
  words.append(name, document.createElement("br"), description);
  if (setting.type === "bool") label.append(input, words);
  else label.append(words, input);
  return label;
}

/** @param {Settings} settings */
function show(settings) {
  shown = settings;
  fields.replaceChildren(...settings.settings.map(row));
  form.hidden = false;
}

function changes() {
  /** @type {Record<string, boolean | number | string>} */
  const changed = {};
  for (const setting of shown?.settings ?? []) {
    const input = form.elements.namedItem(setting.name);
    if (!(input instanceof HTMLInputElement || input instanceof HTMLSelectElement)) continue;
    let value = /** @type {boolean | number | string} */ (input.value);
    if (setting.type === "bool") value = input instanceof HTMLInputElement && input.checked;
    if (setting.type === "int") value = Number(input.value);
    if (value !== setting.value) changed[setting.name] = value;
  }
  return changed;
}

/** @param {string} words @param {"fine" | "trouble"} kind */
function tell(words, kind) {
  outcome.textContent = words;
  outcome.dataset.kind = kind;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const changed = changes();
  if (Object.keys(changed).length === 0) return tell("Nothing has changed yet.", "fine");
  try {
    const answer = await ask("PUT", { settings: changed });
    const body = await answer.json();
    if (!answer.ok) return tell(body.error.message, "trouble");
    show(body);
    tell("Saved.", "fine");
  } catch {
    tell("The server can't be reached. What you typed is kept; try again in a moment.", "trouble");
  }
});

async function begin() {
  try {
    const answer = await fetch("/readyz");
    const { status, parts } = await answer.json();
    const ill = Object.keys(parts).filter((name) => !parts[name].ok);
    state.textContent =
      status === "ready"
        ? "Your server runs and is well."
        : `Your server runs, and these parts are not well: ${ill.join(", ").replaceAll("_", " ")}.`;
    if (!token) {
      element("link-missing", HTMLElement).hidden = false;
      return;
    }
    const settings = await ask();
    if (settings.ok) show(await settings.json());
    else element("link-old", HTMLElement).hidden = false;
  } catch {
    state.textContent = "Your server can't be reached. It may be starting; reload in a moment.";
  }
}

begin();
