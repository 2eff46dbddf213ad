// The script of every page: parts of pages by htmx, questions, jobs, copies; the editor is loaded where there is one.

import htmx from "htmx.org";
import { announce, focusAfterSwap } from "./announcing.js";
import { ask } from "./asking.js";
import { offerCopies } from "./copying.js";
import { followJobs } from "./jobs.js";
import { watchForms } from "./submitting.js";
import { meta, word } from "./words.js";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0, // pages with contacts stay with the server
  refreshOnHistoryMiss: true,
  // A form that comes back with errors goes where it stood; any other error is said above the page.
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "409|422", swap: true },
    { code: "...", swap: false, error: true },
  ],
});

/**
 * @typedef {Event & { detail: { headers: Record<string, string>, elt: Element, target: Element, question: string | null,
 *   xhr: XMLHttpRequest, issueRequest(confirmed: boolean): void } }} HtmxEvent
 */

/**
 * @param {string} name
 * @param {(event: HtmxEvent) => void} handler
 */
function on(name, handler) {
  document.addEventListener(`htmx:${name}`, (event) => handler(/** @type {HtmxEvent} */ (event)));
}

on("configRequest", ({ detail }) => {
  detail.headers["x-csrf-token"] = meta("csrf-token");
});
on("confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.question).then((yes) => yes && event.detail.issueRequest(true));
});
on("afterSettle", ({ detail }) => {
  start(detail.target);
  focusAfterSwap(detail.target);
});
on("responseError", ({ detail }) => {
  const page = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
  const said = (page.querySelector(".problem") ?? page.querySelector("h1"))?.textContent?.trim();
  announce(said || word("The server answered with an error ({status}).", { status: detail.xhr.status }), "problem");
});
for (const failed of ["sendError", "timeout"])
  on(failed, () => announce(word("The server cannot be reached. Nothing typed is lost: try again in a moment."), "problem"));

/** @param {ParentNode} place with new content */
function start(place) {
  offerCopies(place);
  followJobs(place);
  if (place.querySelector("[data-editor], [data-merge], [data-rule]")) import("./editor.js").then(({ edit }) => edit(place));
}

watchForms();
start(document);
