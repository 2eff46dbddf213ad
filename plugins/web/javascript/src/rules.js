// Profiles: YAML, with the language of rules in `rules: |`. The tokens are those of editors/pbx-rules.tmLanguage.json.

import { LanguageSupport, StreamLanguage } from "@codemirror/language";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { parseMixed } from "@lezer/common";

const WORD = "[^\\W\\d]\\w*".replaceAll("\\W", "\\P{L}").replaceAll("\\w", "[\\p{L}\\p{N}_]");

/** @type {[RegExp, string][]} the first that fits at a place is what stands there */
const TOKENS = [
  [/^#.*/, "comment"],
  [/^"(?:[^"]|"")*(?:"|$)/, "string"],
  [/^\/(?:[^/\\]|\\.)+\/[a-zA-Z]*/, "regexp"],
  [/^\[[^[\]]+\]/, "propertyName"],
  [/^(?:keep|skip|when|because|each|where|give)\b/i, "keyword"],
  [/^does\s+not\s+(?:contain|start\s+with|end\s+with|match)\b/i, "operatorKeyword"],
  [/^(?:starts\s+with|ends\s+with|contains|matches|and|or|not|is|in|else)\b/i, "operatorKeyword"],
  [/^(?:true|false|blank)\b/i, "atom"],
  [new RegExp(`^${WORD}(?=\\s*=(?!=))`, "u"), "variableName.definition"],
  [new RegExp(`^${WORD}(?=\\s*\\()`, "u"), "variableName.function"],
  [new RegExp(`^${WORD}(?=\\s*:)`, "u"), "attributeName"],
  [new RegExp(`^${WORD}`, "u"), "variableName"],
  [/^-?\d+(?:\.\d+)?\b/, "number"],
  [/^(?:<=|>=|[<>&=])/, "operator"],
];

/** @type {import("@codemirror/language").StreamParser<null>} */
export const rulesParser = {
  name: "rules",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    for (const [pattern, name] of TOKENS) if (stream.match(pattern)) return name;
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: "#" } },
};

const rules = StreamLanguage.define(rulesParser);

/** A rule alone. */
export function rule() {
  return new LanguageSupport(rules);
}

const profileLanguage = yamlLanguage.configure(
  {
    wrap: parseMixed((node, input) => {
      if (node.name !== "BlockLiteralContent") return null;
      const pair = node.node.parent?.parent;
      const key = pair?.getChild("Key");
      return key && /^["']?rules["']?$/.test(input.read(key.from, key.to)) ? { parser: rules.parser } : null;
    }),
  },
  "yaml",
);

export function profile() {
  return new LanguageSupport(profileLanguage, profileLanguage.data.of({ commentTokens: { line: "#" } }));
}
