// <button data-copy="#id" hidden>: copies the text or value of an element, such as a secret that is shown once.

import { announce } from "./announcing.js";
import { word } from "./words.js";

/** @param {ParentNode} place */
export function offerCopies(place) {
  for (const button of place.querySelectorAll("button[data-copy]"))
    if (button instanceof HTMLButtonElement) {
      button.hidden = false;
      button.type = "button";
      button.onclick = () => copy(button.dataset.copy ?? "");
    }
}

/** @param {string} selector */
async function copy(selector) {
  const source = document.querySelector(selector);
  const text = source instanceof HTMLInputElement ? source.value : (source?.textContent ?? "").trim();
  try {
    await navigator.clipboard.writeText(text);
    announce(word("Copied."));
  } catch {
    mark(source);
    announce(word("The browser does not let pages copy here. The text is marked: copy it by hand."), "problem");
  }
}

/** @param {Element | null} source */
function mark(source) {
  if (source instanceof HTMLInputElement) source.select();
  else if (source) window.getSelection()?.selectAllChildren(source);
}
