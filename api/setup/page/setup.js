// The set-up page: what the link's holder may do before there is an admin.

/**
 * @typedef {boolean | number | string} Value
 * @typedef {{name: string, type: "bool" | "int" | "choice" | "text", value: Value,
 *   minimum: number | null, maximum: number | null, choices: string[] | null, description: string}} Setting
 * @typedef {{settings: Setting[], version: number}} Settings
 * @typedef {HTMLInputElement | HTMLSelectElement} Control
 */

/** @type {Record<string, string>} */
const titles = {
  rate_limit_auth: "Sign-ins a minute",
  rate_limit_messages: "Messages a minute",
  "feature.billing": "Plans and payments",
  "feature.guests": "Guests",
};

const token = location.hash.slice(1);
const state = element("state", HTMLElement);
const linkMissing = element("link-missing", HTMLElement);
const linkOld = element("link-old", HTMLElement);
const form = element("settings", HTMLFormElement);
const rows = element("rows", HTMLElement);
const outcome = element("outcome", HTMLElement);

/** @type {Map<string, Control>} */
const controls = new Map();
/** @type {Settings} */
let known = { settings: [], version: 0 };

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
  if (body) {
    headers["Content-Type"] = "application/json";
    headers["If-Match"] = `"${known.version}"`;
  }
  return fetch("/admin/settings", { method, headers, body: body && JSON.stringify(body) });
}

/** @param {Setting} setting @returns {Control} */
function control(setting) {
  if (setting.type === "choice") {
    const select = document.createElement("select");
    for (const choice of setting.choices ?? []) select.add(new Option(choice, choice));
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

/** @param {Setting} setting */
function row(setting) {
  const title = document.createElement("label");
  title.textContent = titles[setting.name] ?? setting.name;
  title.htmlFor = setting.name;
  const note = document.createElement("p");
  note.textContent = setting.description;
  note.id = `${setting.name}-note`;
  const input = control(setting);
  input.id = setting.name;
  input.setAttribute("aria-describedby", note.id);
  controls.set(setting.name, input);
  const made = document.createElement("div");
  made.className = "row";
  made.append(title, input, note);
  return made;
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
  if (!controls.size) rows.replaceChildren(...settings.settings.map(row));
  known = settings;
  for (const { name, value } of settings.settings) {
    const input = controls.get(name);
    if (input) setValue(input, kept[name] ?? value);
  }
  form.hidden = false;
}

/** @param {string} words @param {"" | "fine" | "trouble"} kind */
function tell(words, kind) {
  outcome.textContent = words;
  outcome.dataset.kind = kind;
}

function tellThatTheLinkIsOld() {
  form.hidden = true;
  linkOld.hidden = false;
}

async function save() {
  const changed = changes();
  if (!Object.keys(changed).length) return tell("Nothing has changed yet.", "");
  const answer = await ask("PUT", { settings: changed });
  if (answer.status === 401) return tellThatTheLinkIsOld();
  const body = await answer.json();
  if (answer.ok) {
    show(body);
    return tell("Saved.", "fine");
  }
  if (answer.status !== 412) return tell(body.error.message, "trouble");
  show(await (await ask()).json(), changed);
  tell(`${body.error.message} You see them now; what you changed is kept.`, "trouble");
}

async function begin() {
  const { status, parts } = await (await fetch("/readyz")).json();
  const ill = Object.keys(parts).filter((name) => !parts[name].ok);
  state.textContent =
    status === "ready"
      ? "Your server runs and is well."
      : `Your server runs. Not well are: ${ill.join(", ").replaceAll("_", " ")}.`;
  if (!token) {
    linkMissing.hidden = false;
    return;
  }
  const answer = await ask();
  if (answer.status === 401) return tellThatTheLinkIsOld();
  const body = await answer.json();
  if (answer.ok) show(body);
  else state.textContent = body.error.message;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save().catch(() =>
    tell("The server cannot be reached. What you typed is kept; save again in a moment.", "trouble"),
  );
});
// A link that is pasted over this page's address differs only behind the `#`.
addEventListener("hashchange", () => location.reload());

begin().catch(() => {
  state.textContent = "Your server cannot be reached. It may be starting; reload in a moment.";
});
