// Two versions of a file, where somebody else has saved in the meantime: theirs beside mine, or one below the other where
// the window is narrow. What is theirs can be taken over passage by passage; mine is the form's field.

import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { word } from "./words.js";

/** Pixels of the box below which two columns are too narrow to be read. */
const TWO_COLUMNS = 700;

/**
 * @param {HTMLElement} box with textareas `data-theirs` and `data-mine`
 * @param {import("@codemirror/state").Extension[]} common
 */
export function merge(box, common) {
  const theirs = box.querySelector("textarea[data-theirs]");
  const mine = box.querySelector("textarea[data-mine]");
  if (!(theirs instanceof HTMLTextAreaElement && mine instanceof HTMLTextAreaElement) || mine.hidden) return;
  const made = document.createElement("div");
  box.append(made);
  const keep = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    mine.value = update.state.doc.toString();
    mine.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const editable = [...common, keep, named(word("Your version"))];
  if (box.clientWidth < TWO_COLUMNS) below(made, theirs.value, mine.value, editable);
  else beside(made, theirs.value, mine.value, editable, common);
  for (const area of box.querySelectorAll("textarea")) {
    area.hidden = true;
    for (const label of area.labels) label.hidden = true;
  }
}

/**
 * @param {HTMLElement} parent
 * @param {string} theirs
 * @param {string} mine
 * @param {import("@codemirror/state").Extension[]} editable
 * @param {import("@codemirror/state").Extension[]} common
 */
function beside(parent, theirs, mine, editable, common) {
  const heads = document.createElement("p");
  heads.className = "hint";
  heads.textContent = word("Left: the file as it is now. Right: your version, which will be saved. An arrow takes a passage over.");
  parent.append(heads);
  const fixed = [...common, EditorState.readOnly.of(true), named(word("The file as it is now"))];
  new MergeView({
    parent,
    a: { doc: theirs, extensions: fixed },
    b: { doc: mine, extensions: editable },
    revertControls: "a-to-b",
    renderRevertControl: takeOver,
    collapseUnchanged: {},
  });
}

/**
 * @param {HTMLElement} parent
 * @param {string} theirs
 * @param {string} mine
 * @param {import("@codemirror/state").Extension[]} editable
 */
function below(parent, theirs, mine, editable) {
  const both = unifiedMergeView({ original: theirs, collapseUnchanged: {}, mergeControls: choice });
  new EditorView({ parent, doc: mine, extensions: [...editable, both] });
}

/** The library listens to the mouse alone; in a form its own button would send that one off by keyboard. */
function takeOver() {
  const made = button("→", ({ detail }) => {
    if (detail === 0) made.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
  });
  made.title = word("Take this passage over");
  made.setAttribute("aria-label", made.title);
  return made;
}

/**
 * @param {"accept" | "reject"} type
 * @param {(event: MouseEvent) => void} act
 */
function choice(type, act) {
  return button(type === "accept" ? word("Keep mine") : word("Take theirs"), act);
}

/**
 * @param {string} text
 * @param {(event: MouseEvent) => void} act
 */
function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/** @param {string} name */
function named(name) {
  return EditorView.contentAttributes.of({ "aria-label": name });
}
