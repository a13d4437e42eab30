// How a form is sent: one sending at a time, and a line that says how it went.

/**
 * @param {HTMLElement} outcome @param {string} words @param {"" | "fine" | "trouble"} [kind]
 */
export function tell(outcome, words, kind = "") {
  outcome.textContent = words;
  outcome.dataset.kind = kind;
}

/**
 * @param {HTMLFormElement} form @param {HTMLElement} outcome @param {() => Promise<void>} send
 */
export function onSubmit(form, outcome, send) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // A button that is disabled for real would lose the focus.
    if (button?.hasAttribute("aria-disabled")) return;
    button?.setAttribute("aria-disabled", "true");
    try {
      await send();
    } catch {
      tell(
        outcome,
        "The server cannot be reached. What you typed is kept; try again in a moment.",
        "trouble",
      );
    } finally {
      button?.removeAttribute("aria-disabled");
    }
  });
}
