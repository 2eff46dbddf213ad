// Each token of the rule language has its colour, in the `rules: |` of a profile and nowhere else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { profile } from "../src/rules.js";

/**
 * The words of a text with the names of their colours.
 * @param {string} text
 */
function coloured(text) {
  /** @type {[string, string][]} */
  const found = [];
  const put = (/** @type {string} */ word, /** @type {string} */ classes) => {
    if (word.trim()) found.push([word.trim(), classes.replaceAll("tok-", "")]);
  };
  highlightCode(text, profile().language.parser.parse(text), classHighlighter, put, () => {});
  return found;
}

/** @param {string} line of the rules */
function inRules(line) {
  return coloured(`title: x\nrules: |\n  ${line}\n`).slice(6);
}

test("a definition, a field, a function and its parameter", () => {
  assert.deepEqual(inRules('Phone = phone([Business Phone], region: "DE")'), [
    ["Phone", "variableName definition"],
    ["=", "operator"],
    ["phone", "variableName"],
    ["(", ""],
    ["[Business Phone]", "propertyName"],
    [",", ""],
    ["region", "propertyName"],
    [":", ""],
    ['"DE"', "string"],
    [")", ""],
  ]);
});

test("words of the language, patterns, numbers, constants and comments", () => {
  assert.deepEqual(inRules('skip when [A] does not match /^\\d+$/i or 3 > Ä # "why"'), [
    ["skip", "keyword"],
    ["when", "keyword"],
    ["[A]", "propertyName"],
    ["does not match", "keyword"],
    ["/^\\d+$/i", "string2"],
    ["or", "keyword"],
    ["3", "number"],
    [">", "operator"],
    ["Ä", "variableName"],
    ['# "why"', "comment"],
  ]);
});

test("a text that is not closed ends with its line", () => {
  assert.deepEqual(inRules('A = "half\n  B = blank').slice(2), [
    ['"half', "string"],
    ["B", "variableName definition"],
    ["=", "operator"],
    ["blank", "atom"],
  ]);
});

test("other blocks are text", () => {
  const found = coloured("comments: |\n  keep when [A]\n");
  assert.equal(found.at(-1)?.[0], "keep when [A]");
});

test("anything at all is read to its end", () => {
  for (const text of ["rules: |\n  \\ ] ) / \" [", "rules: |", "rules: |\n\t", "\0", "rules: |\n  😀 = 1\n"]) coloured(text);
});
