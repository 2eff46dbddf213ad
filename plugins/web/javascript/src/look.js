// How the editor looks: the page's own colours (style.css), light and dark.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, Prec } from "@codemirror/state";
import { EditorView, ViewPlugin } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

const COLOURS = {
  "&": {
    backgroundColor: "var(--sheet)",
    border: "1px solid var(--line-strong)",
    borderRadius: ".4rem",
    color: "var(--ink)",
    fontSize: ".9rem",
    maxHeight: "75vh",
  },
  "&.cm-focused": { outline: "3px solid var(--focus)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", minHeight: "12rem" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--ground)", borderRightColor: "var(--line)", color: "var(--soft)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--brand) 8%, transparent)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--sheet)", borderColor: "var(--line-strong)", color: "var(--ink)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--brand)", color: "var(--brand-ink)" },
  ".cm-completionDetail": { color: "inherit" },
  ".cm-completionInfo": { maxWidth: "min(30rem, 90vw)", overflowWrap: "anywhere" },
  ".cm-lsp-hover-tooltip": { maxWidth: "min(36rem, 90vw)", maxHeight: "20rem", overflow: "auto" },
  ".cm-diagnostic": { borderLeftWidth: "4px", padding: ".3rem .6rem", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)" },
  "&.cm-merge-b .cm-deletedText": { background: "var(--removed)" },
  ".cm-deletedChunk .cm-chunkButtons": { position: "static", padding: ".2rem 0" },
  ".cm-deletedChunk .cm-chunkButtons button": {
    background: "var(--sheet)",
    border: "1px solid var(--line-strong)",
    borderRadius: ".4rem",
    color: "var(--ink)",
    fontSize: ".85rem",
    margin: "0 .5rem 0 0",
    padding: ".15rem .5rem",
  },
  ".cm-textfield": { backgroundColor: "var(--sheet)", borderColor: "var(--line-strong)", color: "var(--ink)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--sheet)", color: "var(--ink)" },
};

/** A field of one line, which grows with what is in it. */
export const small = Prec.highest(
  EditorView.theme({
    "&": { maxHeight: "60vh", minHeight: "2.5rem", minWidth: "0" },
    ".cm-content": { minHeight: "0", padding: ".55rem .2rem" },
    ".field.wrong &": { borderColor: "var(--bad)", borderWidth: "2px" },
  }),
);

const highlighting = HighlightStyle.define([
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.string, tags.attributeValue], color: "light-dark(#1c6b34, #8fdba5)" },
  { tag: tags.regexp, color: "light-dark(#8a3b00, #ffb98a)" },
  { tag: [tags.keyword, tags.operatorKeyword], color: "light-dark(#7a1f7a, #e3a6e8)", fontWeight: "600" },
  { tag: [tags.atom, tags.number, tags.bool], color: "light-dark(#8a3b00, #ffb98a)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "light-dark(#0b5394, #9fc8f5)" },
  { tag: tags.function(tags.variableName), color: "light-dark(#0b5d54, #7fd1c3)" },
  { tag: tags.definition(tags.variableName), fontWeight: "600" },
  { tag: tags.attributeName, color: "light-dark(#55605e, #a8b4b1)" },
]);

const shade = new Compartment();
const themed = () => EditorView.theme(COLOURS, { dark: dark.matches });

/** Follows the reader's choice of light or dark, while the editor is open, too. */
const follow = ViewPlugin.define((view) => {
  const change = () => view.dispatch({ effects: shade.reconfigure(themed()) });
  dark.addEventListener("change", change);
  return { destroy: () => dark.removeEventListener("change", change) };
});

/** @type {import("@codemirror/state").Extension} */
export const look = [shade.of(themed()), follow, syntaxHighlighting(highlighting)];
