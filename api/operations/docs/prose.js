/** The little Markdown that our descriptions are written in. */

import { element } from "./elements.js";

/**
 * Paragraphs, `- ` lists, headings, `code` and **bold**.
 * @param {string | undefined} markdown
 * @param {number} level of the highest heading
 * @returns {HTMLElement[]}
 */
export function prose(markdown, level = 3) {
  const blocks = (markdown ?? "").replace(/^(#+ .*)\n/gm, "$1\n\n").split(/\n{2,}/);
  return blocks
    .map((block) => block.trim())
    .filter(Boolean)
    .map((block) => {
      const heading = /^#+ (.*)/.exec(block)?.[1];
      if (heading) return element(`h${level}`, {}, ...inline(heading));
      if (block.startsWith("- ")) {
        const items = block.slice(2).split(/\n- /);
        return element("ul", {}, ...items.map((item) => element("li", {}, ...inline(item))));
      }
      return element("p", {}, ...inline(block));
    });
}

/** @param {string} text */
export function inline(text) {
  return text
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/)
    .filter(Boolean)
    .map((part) => {
      if (part.startsWith("`")) return element("code", {}, part.slice(1, -1));
      if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
      return part;
    });
}
