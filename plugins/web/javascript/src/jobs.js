// <div data-job="/jobs/ID/events">: how a job goes on, while it does.
//
// Each event is an object: `done` and `total` move the <progress> in it, every other value goes into the element with
// [data-show="its name"]. One with a `state` that is not "running" or "waiting" is the last; with a `to`, the page goes there.

import { announce } from "./announcing.js";
import { word } from "./words.js";

/**
 * @typedef {Record<string, string | number | null | undefined>} Report what an event says
 */

/** @type {WeakSet<Element>} */
const followed = new WeakSet();

/** @param {ParentNode} place */
export function followJobs(place) {
  for (const shown of place.querySelectorAll("[data-job]"))
    if (shown instanceof HTMLElement && !followed.has(shown)) {
      followed.add(shown);
      follow(shown);
    }
}

/** @param {HTMLElement} shown */
function follow(shown) {
  const events = new EventSource(shown.dataset.job ?? "");
  events.onmessage = ({ data }) => {
    if (!shown.isConnected) return events.close();
    const report = /** @type {Report} */ (JSON.parse(data));
    show(shown, report);
    if (isLast(report)) {
      events.close();
      finish(report);
    }
  };
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED)
      announce(word("What the job does is not told any more. Load the page anew to see how it stands."), "problem");
  };
}

/** @param {Report} report */
export function isLast(report) {
  return report.state !== undefined && !["running", "waiting"].includes(String(report.state));
}

/**
 * How far a bar is, from 0 to 1; nothing where nobody knows.
 * @param {Report} report
 */
export function share(report) {
  const [done, total] = [Number(report.done), Number(report.total)];
  return total > 0 && done >= 0 ? Math.min(done / total, 1) : undefined;
}

/**
 * @param {HTMLElement} shown
 * @param {Report} report
 */
function show(shown, report) {
  const bar = shown.querySelector("progress");
  const far = share(report);
  if (bar && far !== undefined) [bar.max, bar.value] = [1, far];
  else if (bar && "done" in report) bar.removeAttribute("value");
  for (const [name, value] of Object.entries(report)) {
    const place = shown.querySelector(`[data-show="${CSS.escape(name)}"]`);
    if (place) place.textContent = String(value ?? "");
  }
}

/** @param {Report} report */
function finish(report) {
  if (report.text) announce(String(report.text), report.state === "failed" ? "problem" : "said");
  const to = typeof report.to === "string" && isLocal(report.to) ? report.to : "";
  if (to) window.location.assign(to);
}

/** @param {string} to */
export function isLocal(to) {
  return /^\/(?![/\\])/.test(to);
}
