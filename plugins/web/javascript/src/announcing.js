// What happens without a new page is said to screen readers, and the focus goes where it goes on.

/**
 * Says something in the page's live region, where everybody sees it, too; in place of what was said before, but for what
 * the page itself came with.
 * @param {string} text
 * @param {"said" | "problem"} [kind]
 */
export function announce(text, kind = "said") {
  const region = document.getElementById("announced");
  if (!region) return;
  const line = document.createElement("p");
  line.className = kind;
  line.dataset.live = "";
  line.textContent = text;
  for (const old of region.querySelectorAll("[data-live]")) old.remove();
  region.append(line);
}

/**
 * Whoever is at a place that was replaced goes on at its heading; nobody is taken away from where they type.
 * @param {Element} place that has new content
 */
export function focusAfterSwap(place) {
  const said = place.querySelector("[data-announce]")?.getAttribute("data-announce");
  if (said) announce(said);
  const { activeElement } = document;
  if (activeElement && activeElement !== document.body) return;
  const heading = place.querySelector("[autofocus], h1, h2, h3") ?? place;
  if (!(heading instanceof HTMLElement)) return;
  if (!heading.matches("a[href], button, input, select, textarea")) heading.tabIndex = -1;
  heading.focus();
}
