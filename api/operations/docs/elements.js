/** Making elements. Text is always text here, never markup: a description can't bring a script. */

/**
 * @param {string} name
 * @param {Record<string, any>} attributes `onclick` and the like are listeners; false is left out.
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

/**
 * A fold whose inside is made when it is first opened: the contract is long, and people read little
 * of it.
 * @param {Record<string, any>} attributes
 * @param {Node} head
 * @param {() => (Node | string)[]} inside
 */
export function fold(attributes, head, inside) {
  const made = element("details", attributes, head);
  made.addEventListener(
    "toggle",
    () => made.append(element("div", { class: "inside" }, ...inside())),
    { once: true },
  );
  return made;
}

/** @param {string} text what to read aloud to those who can't see that something happened */
export function tell(text) {
  const place = document.getElementById("told");
  if (place) place.textContent = text;
}

/**
 * A block of code with a button that copies it.
 * @param {string} label
 * @param {() => string} text asked anew at each copy, for what follows the fields beside it
 */
export function code(label, text) {
  const block = element("code", {}, text());
  const button = element("button", { type: "button", class: "quiet" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${label}`);
  button.addEventListener("click", async () => {
    block.textContent = text();
    button.textContent = (await copied(block)) ? "Copied" : "Selected: copy it with the keyboard";
    tell(button.textContent);
    setTimeout(() => (button.textContent = "Copy"), 3000);
  });
  const made = element(
    "figure",
    { class: "code" },
    element("figcaption", {}, label, button),
    element("pre", { tabindex: "0", "aria-label": label }, block),
  );
  return Object.assign(made, { refresh: () => (block.textContent = text()) });
}

/** Without HTTPS a browser gives no clipboard; then the text is selected, ready to be copied. */
async function copied(/** @type {HTMLElement} */ block) {
  try {
    await navigator.clipboard.writeText(block.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(block);
    return false;
  }
}
