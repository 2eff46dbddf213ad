// Questions before something is done: a dialog of the page in place of the browser's `confirm`.

import { word } from "./words.js";

/**
 * @param {string} question
 * @param {string} [answer] what the button for yes says
 * @returns {Promise<boolean>}
 */
export function ask(question, answer = word("Continue")) {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "question";
  text.textContent = question;
  dialog.setAttribute("aria-labelledby", text.id);
  const buttons = document.createElement("form");
  buttons.method = "dialog";
  buttons.className = "row";
  buttons.append(button(word("Cancel"), "no"), button(answer, "yes"));
  dialog.append(text, buttons);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

/**
 * @param {string} text
 * @param {string} value
 */
function button(text, value) {
  const made = document.createElement("button");
  made.value = value;
  made.textContent = text;
  if (value === "yes") made.className = "main";
  return made;
}
