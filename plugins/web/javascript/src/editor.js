// The editor of profiles: a textarea with `data-editor` gets highlighting, findings, completion, help and formatting.
// The textarea stays the form's field and always has the text.

import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { highlightSelectionMatches, openSearchPanel, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { format, help } from "./help.js";
import { look } from "./look.js";
import { merge } from "./merging.js";
import { editRules } from "./rule_fields.js";
import { profile } from "./rules.js";
import { typeOver } from "./typing.js";
import { allWords, meta, word } from "./words.js";

/** @param {ParentNode} place */
export function edit(place) {
  for (const area of place.querySelectorAll("textarea[data-editor]"))
    if (area instanceof HTMLTextAreaElement && !area.hidden) make(area);
  for (const box of place.querySelectorAll("[data-merge]")) if (box instanceof HTMLElement) merge(box, [...common(), profile()]);
  for (const form of place.querySelectorAll("form[data-language-server]"))
    if (form instanceof HTMLFormElement) editRules(form, ruleFields(form));
}

/** @param {HTMLFormElement} form */
function ruleFields(form) {
  const areas = [...form.querySelectorAll("textarea[data-rule]")];
  return areas.filter((area) => area instanceof HTMLTextAreaElement).filter((area) => !area.hidden);
}

/** What every editor of the pages has. */
function common() {
  return [
    EditorView.cspNonce.of(meta("csp-nonce")),
    EditorState.phrases.of(allWords()),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    foldGutter(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    EditorView.lineWrapping,
    typeOver,
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap, // none binds Tab, which leaves the editor
    ]),
    look,
  ];
}

/** @param {HTMLTextAreaElement} area */
function make(area) {
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  const { languageServer, uri } = area.dataset;
  const helping = languageServer
    ? help(languageServer, uri || "file:///profile.yaml", (text, kind) => {
        status.textContent = text;
        status.className = kind;
      })
    : undefined;
  const view = new EditorView({
    doc: area.value,
    extensions: [
      ...common(),
      profile(),
      helping?.extension ?? [],
      EditorState.readOnly.of(area.readOnly),
      EditorView.contentAttributes.of(named(area)),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) give(area, update.state.doc.toString());
      }),
    ],
  });
  area.hidden = true;
  area.required = false; // a field that is not shown cannot be pointed at; the server says what is missing
  area.after(view.dom, status, tools(view, helping));
  area.form?.addEventListener("reset", () => setTimeout(() => replace(view, area.value)));
  document.addEventListener("click", (event) => goTo(view, event));
  if (area.autofocus) view.focus();
  helping?.connect(view);
}

/**
 * A link to a line, `<a data-line="3" data-column="7" href="#…">`, leads into the editor.
 * @param {EditorView} view
 * @param {MouseEvent} event
 */
function goTo(view, event) {
  const link = event.target instanceof Element ? event.target.closest("a[data-line]") : null;
  if (!(link instanceof HTMLElement) || !view.dom.isConnected) return;
  event.preventDefault();
  const { doc } = view.state;
  const line = doc.line(Math.min(Math.max(Number(link.dataset.line) || 1, 1), doc.lines));
  const column = Math.max(Number(link.dataset.column) || 1, 1) - 1;
  view.dispatch({ selection: { anchor: Math.min(line.from + column, line.to) }, scrollIntoView: true });
  view.focus();
}

/**
 * The name and description of the textarea.
 * @param {HTMLTextAreaElement} area
 * @returns {Record<string, string>}
 */
function named(area) {
  const label = area.labels[0];
  const described = area.getAttribute("aria-describedby");
  if (label) {
    label.id ||= `${area.id || area.name}-label`;
    label.addEventListener("click", () => {
      const beside = area.nextElementSibling;
      if (beside instanceof HTMLElement) EditorView.findFromDOM(beside)?.focus();
    });
  }
  return {
    ...(label ? { "aria-labelledby": label.id } : { "aria-label": area.getAttribute("aria-label") ?? "" }),
    ...(described ? { "aria-describedby": described } : {}),
  };
}

/**
 * @param {HTMLTextAreaElement} area
 * @param {string} text
 */
export function give(area, text) {
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * @param {EditorView} view
 * @param {string} text
 */
function replace(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

/**
 * The same for people without a keyboard, and the keys for people with one.
 * @param {EditorView} view
 * @param {ReturnType<typeof help> | undefined} helping
 */
function tools(view, helping) {
  const bar = document.createElement("div");
  bar.className = "row";
  if (helping) {
    bar.append(tool(word("Format"), () => format(view)));
    bar.append(tool(word("Next finding"), () => helping.next(view)));
  }
  bar.append(tool(word("Search"), () => openSearchPanel(view)));
  const keys = document.createElement("p");
  keys.className = "hint";
  keys.textContent = helping
    ? word("Keys: Ctrl+Space completes, Shift+Alt+F formats, F8 goes to the next finding, Ctrl+F searches. Tab leaves the editor.")
    : word("Keys: Ctrl+F searches. Tab leaves the editor.");
  bar.append(keys);
  return bar;
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function tool(text, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
}
