// The set-up page: whoever holds the link becomes the admin, and the admin finds the settings here.

import { offer } from "./admin.js";
import { element } from "./elements.js";
import { ask, cameByLink, goOn } from "./server.js";
import { showSettings } from "./settings.js";

/** @typedef {import("./server.js").User} User */

const state = element("state", HTMLElement);
const greeting = element("greeting", HTMLElement);
/** @type {NodeListOf<HTMLElement>} */
const places = document.querySelectorAll(".place");

/** @param {string} id */
function show(id) {
  for (const place of places) place.hidden = place.id !== id;
  // Whoever listens hears where they are now.
  element(id, HTMLElement).querySelector("h1")?.focus();
}

async function tellHowTheServerIs() {
  const { status, parts } = await (await fetch("/readyz")).json();
  const ill = Object.keys(parts).filter((name) => !parts[name].ok);
  const isWell = status === "ready";
  state.dataset.kind = isWell ? "fine" : "trouble";
  state.textContent = isWell
    ? "Your server is well."
    : `Not well are: ${ill.join(", ").replaceAll("_", " ")}.`;
}

async function showWhatTheLinkOpens() {
  const { ok, status, body } = await ask("/admin/settings");
  if (ok) show("first-admin");
  else if (body.error.code === "TOKEN_EXPIRED") await enterHouseWithAdmin();
  else if (status === 401) show(cameByLink ? "link-old" : "link-missing");
  else show("away");
}

/** The link ended when there was an admin; who may well be the one in front of this page. */
async function enterHouseWithAdmin() {
  const { ok, body } = await goOn();
  if (ok && body.user.role === "ADMIN") welcome(body.user);
  else show("has-admin");
}

/** @param {User} user */
function welcome(user) {
  // The link in the address opens nothing any more.
  history.replaceState(null, "", location.pathname);
  greeting.textContent = `Welcome, ${user.display_name}.`;
  show("welcome");
  showSettings();
}

async function begin() {
  await tellHowTheServerIs();
  await showWhatTheLinkOpens();
}

offer(welcome, showWhatTheLinkOpens);
// A link that is pasted over this page's address differs only behind the `#`.
addEventListener("hashchange", () => location.reload());
begin().catch(() => {
  state.textContent = "";
  show("away");
});
