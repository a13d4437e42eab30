/** The page at /docs: reads the two documents and shows them, and finds things in them. */

import { element } from "./elements.js";
import { prose } from "./prose.js";
import { signIn } from "./request.js";
import { routesOf, routeView } from "./route.js";
import { socketView } from "./socket.js";

const contents = part("contents");
const filter = /** @type {HTMLInputElement} */ (part("filter"));

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** @param {string} path */
async function read(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** @param {any} openapi @param {any} asyncapi */
function show(openapi, asyncapi) {
  part("version").textContent = openapi.info.version;
  const routes = routesOf(openapi);
  const tags = openapi.tags.map((/** @type {any} */ { name }) => {
    const own = routes.filter(({ operation }) => operation.tags.includes(name));
    return element(
      "section",
      { class: "part", id: `part-${name.replace(/\W+/g, "-").toLowerCase()}` },
      element("h2", {}, name),
      ...own.map((route) => routeView(openapi, route)),
    );
  });
  const sockets = Object.keys(asyncapi.channels).map((key) => socketView(asyncapi, key));
  part("state").remove();
  contents.append(
    element("section", { class: "part guide", id: "guide" }, ...prose(openapi.info.description, 2)),
    ...tags,
    element(
      "section",
      { class: "part guide", id: "sockets" },
      element("h2", {}, "Sockets"),
      ...prose(asyncapi.info.description, 3),
    ),
    ...sockets,
  );
  part("parts").append(
    list("Routes", [["guide", "What holds for all"], ...tags.map(entry)]),
    list("Sockets", [["sockets", "What holds for all"], ...sockets.map(entry)]),
  );
}

/** @param {HTMLElement} section */
function entry(section) {
  return [section.id, section.querySelector("h2")?.textContent ?? section.id];
}

/** @param {string} title @param {string[][]} entries */
function list(title, entries) {
  const links = entries.map(([id, name]) =>
    element("li", {}, element("a", { href: `#${id}` }, name)),
  );
  return element("div", {}, element("h2", {}, title), element("ul", {}, ...links));
}

/** Shows what holds every word of the filter, and hides the rest. */
function sift() {
  const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const section of contents.querySelectorAll(".part")) {
    const title = section.querySelector("h2")?.textContent ?? "";
    let within = 0;
    for (const route of section.querySelectorAll(".route")) {
      const head = route.querySelector("summary")?.textContent;
      const text = `${title} ${head} ${route.getAttribute("data-words") ?? ""}`.toLowerCase();
      const fits = wanted.every((word) => text.includes(word));
      route.toggleAttribute("hidden", !fits);
      within += Number(fits);
    }
    found += within;
    section.toggleAttribute("hidden", wanted.length > 0 && within === 0);
  }
  contents.classList.toggle("sifted", wanted.length > 0);
  for (const link of part("parts").querySelectorAll("a"))
    link.parentElement?.toggleAttribute("hidden", part(link.hash.slice(1)).hidden);
  part("found").textContent = wanted.length ? `${found || "Nothing"} found` : "";
}

/** Opens what the address names, so that a link to a route shows the route. */
function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) named.open = true;
  named?.scrollIntoView();
}

filter.addEventListener("input", sift);
addEventListener("hashchange", openNamed);
document.addEventListener("keydown", (event) => {
  const writing = event.target instanceof Element && event.target.matches("input, textarea");
  if (event.key !== "/" || writing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  filter.focus();
});
contents.addEventListener(
  "toggle",
  ({ target }) => {
    const opened = target instanceof HTMLDetailsElement && target.open && target.id;
    if (opened) history.replaceState(null, "", `#${target.id}`);
  },
  { capture: true }, // a toggle does not bubble
);
part("token").addEventListener("input", ({ target }) => {
  const given = /** @type {HTMLInputElement} */ (target).value;
  signIn(given);
  part("token-state").textContent = given ? "kept" : "none";
});

try {
  show(...(await Promise.all([read("/openapi.json"), read("/asyncapi.json")])));
  openNamed();
} catch (error) {
  console.error(error);
  part("state").textContent =
    "The contract can't be read from the server. Load the page again in a moment.";
}
