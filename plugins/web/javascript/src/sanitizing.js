// Help comes as Markdown, and parts of it from profiles that somebody else wrote: only plain formatting passes.

const ALLOWED = new Set(["P", "PRE", "CODE", "UL", "OL", "LI", "EM", "STRONG", "BR", "SPAN"]);

/** @param {string} html */
export function sanitized(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const element of [...body.querySelectorAll("*")]) {
    if (!ALLOWED.has(element.tagName)) element.replaceWith(element.textContent ?? "");
    else for (const { name } of [...element.attributes]) if (name !== "class") element.removeAttribute(name);
  }
  return body.innerHTML;
}
