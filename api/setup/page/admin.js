// The form that makes the first admin.

import { element } from "./elements.js";
import { onSubmit, tell } from "./forms.js";
import { becomeAdmin } from "./server.js";

/**
 * @typedef {import("./server.js").User} User
 * @typedef {import("./server.js").Refused} Refused
 */

const form = element("admin", HTMLFormElement);
const outcome = element("admin-outcome", HTMLElement);
const email = element("email", HTMLInputElement);
const displayName = element("display_name", HTMLInputElement);
const password = element("password", HTMLInputElement);
const passwordShown = element("password-shown", HTMLInputElement);

// The server knows each by the same name. They are looked at in this order.
const fields = [email, displayName, password];
const subjects = new Map([
  [email, "The address"],
  [displayName, "The name"],
  [password, "The password"],
]);
const LONGEST_PASSWORD = 128;

/**
 * Send the form when it is filled in: `welcome` the admin who was made, or `refuse` a link that opens
 * nothing any more.
 * @param {(user: User) => void} welcome @param {() => Promise<void>} refuse
 */
export function offer(welcome, refuse) {
  onSubmit(form, outcome, async () => {
    if (!check()) return;
    tell(outcome, "Making your account …");
    const person = Object.fromEntries(fields.map((field) => [field.id, valueOf(field)]));
    const { ok, status, body } = await becomeAdmin(person);
    if (ok) welcome(body.user);
    else if (status === 401) await refuse();
    else showRefusal(body.error);
  });
}

/** Tell at once what is wrong, as far as the page can know. */
function check() {
  for (const field of fields) setProblem(field, problemOf(field));
  return !goToFirstProblem();
}

/** @param {HTMLInputElement} field */
function problemOf(field) {
  const value = valueOf(field);
  if (field === email) {
    if (!value) return "Write your e-mail address.";
    return /^[^@\s]+@[^@\s]+$/.test(value) ? "" : "An address looks like mara@example.org.";
  }
  if (field === displayName) return value ? "" : "Write your name.";
  const letters = [...value].length;
  if (letters < password.minLength) return `Take at least ${password.minLength} characters.`;
  // Told, where the field's own bound would cut a pasted password without a word.
  return letters > LONGEST_PASSWORD ? `Take at most ${LONGEST_PASSWORD} characters.` : "";
}

/** @param {HTMLInputElement} field */
function valueOf(field) {
  return field === password ? field.value : field.value.trim();
}

/** @param {Refused} error */
function showRefusal(error) {
  if (error.code === "EMAIL_TAKEN") {
    setProblem(email, "Somebody has registered with this address. Take another one.");
  }
  for (const { field: name, problem } of error.details ?? []) {
    const field = fields.find(({ id }) => id === name);
    if (field) setProblem(field, `${subjects.get(field)} ${problem}.`);
  }
  if (goToFirstProblem()) tell(outcome, "");
  else tell(outcome, error.message, "trouble");
}

/** @param {HTMLInputElement} field @param {string} words */
function setProblem(field, words) {
  element(`${field.id}-problem`, HTMLElement).textContent = words;
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

/** @returns {boolean} whether there was one */
function goToFirstProblem() {
  const field = fields.find((field) => field.hasAttribute("aria-invalid"));
  field?.focus();
  return field !== undefined;
}

for (const field of fields) field.addEventListener("input", () => setProblem(field, ""));
passwordShown.addEventListener("change", () => {
  password.type = passwordShown.checked ? "text" : "password";
});
