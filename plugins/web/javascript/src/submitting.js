// What stands between a click and a form's way to the server: a question, and whether anybody is still logged in.
//
// <form data-confirm="…"> or <button data-confirm="…">: asks first.
// <form data-unsaved>: leaving the page asks first; a session that has ended costs nothing that was typed.

import { announce } from "./announcing.js";
import { ask } from "./asking.js";
import { word } from "./words.js";

/** @type {WeakSet<HTMLFormElement>} forms that may go */
const cleared = new WeakSet();
/** @type {Set<HTMLFormElement>} forms with changes that the server does not have */
const changed = new Set();

export function watchForms() {
  document.addEventListener("submit", onSubmit, { capture: true });
  document.addEventListener("input", onInput);
  for (const form of document.querySelectorAll("form[data-unsaved=changed]"))
    if (form instanceof HTMLFormElement) changed.add(form);
  window.addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });
}

/** @param {Event} event */
function onInput({ target }) {
  const form = target instanceof Element ? target.closest("form[data-unsaved]") : null;
  if (form instanceof HTMLFormElement) changed.add(form);
}

/** @param {SubmitEvent} event */
function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method === "dialog") return;
  const submitter = event.submitter instanceof HTMLElement ? event.submitter : null;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  const isUnsaved = form.dataset.unsaved !== undefined;
  if (cleared.delete(form) || (!question && !isUnsaved)) {
    changed.delete(form);
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  clear(form, submitter, question ?? "", isUnsaved);
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @param {string} question
 * @param {boolean} isUnsaved
 */
async function clear(form, submitter, question, isUnsaved) {
  if (question && !(await ask(question, submitter?.textContent?.trim() || undefined))) return;
  if (isUnsaved && !(await isLoggedIn())) return;
  cleared.add(form);
  form.requestSubmit(submitter);
}

/** Whether the session goes on. The token of forms may be another one since: who has logged in anew goes on here. */
async function isLoggedIn() {
  try {
    const answer = await fetch(window.location.href, { redirect: "manual" });
    if (answer.type === "opaqueredirect") { // to where people log in
      announce(word("You are logged out. Log in in another tab, then save here: nothing typed is lost."), "problem");
      return false;
    }
    renewToken(new DOMParser().parseFromString(await answer.text(), "text/html"));
    return true;
  } catch {
    announce(word("The server cannot be reached. Nothing typed is lost: try again in a moment."), "problem");
    return false;
  }
}

/** @param {Document} page as the server shows it now */
function renewToken(page) {
  const token = page.querySelector('meta[name="csrf-token"]')?.getAttribute("content");
  if (!token) return;
  document.querySelector('meta[name="csrf-token"]')?.setAttribute("content", token);
  for (const input of document.querySelectorAll('input[name="csrf_token"]'))
    if (input instanceof HTMLInputElement) input.value = token;
}
