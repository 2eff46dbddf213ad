// Fields of a form with one rule each: a textarea with `data-rule` gets colours, completion and findings, for the profile
// as it would be with all that is typed. The textarea stays the form's field and always has the text.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { LSPClient } from "@codemirror/lsp-client";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightSpecialChars, keymap } from "@codemirror/view";
import { Connection } from "./connection.js";
import { composed, concerns, inside, outside } from "./excerpts.js";
import { look, small } from "./look.js";
import { rule } from "./rules.js";
import { typeOver } from "./typing.js";
import { allWords, meta } from "./words.js";

/** @typedef {import("vscode-languageserver-protocol").Diagnostic & { message: string }} Finding */
/** @typedef {{ area: HTMLTextAreaElement, view: EditorView, said: HTMLElement, typed: boolean }} Field */

/** Milliseconds without a change after which the server is told of it. */
const PAUSE = 150;
/** Milliseconds for an answer. */
const PATIENCE = 30_000;
/** What a completion is, by the numbers of the protocol. */
const TYPES = new Map([[3, "function"], [5, "property"], [6, "variable"], [10, "property"], [12, "constant"], [14, "keyword"], [22, "type"]]);

/**
 * @param {HTMLFormElement} form with the profile in `packed-draft`
 * @param {HTMLTextAreaElement[]} areas
 */
export function editRules(form, areas) {
  const fields = areas.map((area) => made(area, (field) => helping.changed(field), (context) => helping.complete(context)));
  const helping = new Helping(form, fields);
  if (fields.some(({ view }) => view.hasFocus)) helping.begin();
  else form.addEventListener("focusin", () => helping.begin(), { once: true });
  form.addEventListener("input", () => helping.changed());
}

/**
 * @param {HTMLTextAreaElement} area
 * @param {(field: Field) => void} changed
 * @param {import("@codemirror/autocomplete").CompletionSource} complete
 * @returns {Field}
 */
function made(area, changed, complete) {
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  const view = new EditorView({
    doc: area.value,
    extensions: [
      small,
      EditorView.cspNonce.of(meta("csp-nonce")),
      EditorState.phrases.of(allWords()),
      highlightSpecialChars(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      rule(),
      autocompletion({ override: [complete], icons: false }),
      EditorView.lineWrapping,
      typeOver,
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]), // none binds Tab
      EditorView.contentAttributes.of(named(area)),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        changed(field);
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }),
      look,
    ],
  });
  const field = { area, view, said, typed: false };
  const hadFocus = area.autofocus || document.activeElement === area;
  if (hadFocus) view.dispatch({ selection: { anchor: area.selectionStart, head: area.selectionEnd } });
  area.hidden = true;
  area.removeAttribute("aria-label"); // there is one field of that name
  area.after(view.dom, said);
  area.form?.addEventListener("reset", () => setTimeout(() => replace(view, area.value)));
  for (const label of area.labels) label.addEventListener("click", () => view.focus());
  if (hadFocus) view.focus();
  return field;
}

/**
 * What the textarea is called, and what is said of it.
 * @param {HTMLTextAreaElement} area
 * @returns {Record<string, string>}
 */
function named(area) {
  /** @type {Record<string, string>} */
  const attributes = {};
  for (const name of ["aria-label", "aria-describedby", "aria-invalid"])
    if (area.hasAttribute(name)) attributes[name] = area.getAttribute(name) ?? "";
  const label = area.labels[0];
  if (label && !attributes["aria-label"]) attributes["aria-labelledby"] = label.id ||= `${area.id}-label`;
  return attributes;
}

/**
 * @param {EditorView} view
 * @param {string} text
 */
function replace(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

/** The language server, for all fields of a form; connected when somebody comes to one of them. */
class Helping {
  /**
   * @param {HTMLFormElement} form
   * @param {Field[]} fields
   */
  constructor(form, fields) {
    this.form = form;
    this.fields = fields;
    this.profile = unpacked(this.value("packed-draft"));
    this.version = 0;
    this.told = "";
    /** @type {LSPClient | undefined} */
    this.client = undefined;
    /** @type {Map<Field, import("./excerpts.js").Place>} */
    this.places = new Map();
  }

  get uri() {
    return `file:///${encodeURIComponent(this.form.dataset.file ?? "profile.yaml")}`;
  }

  begin() {
    const path = this.form.dataset.languageServer;
    if (!path) return;
    const address = new URL(path, window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    new Connection(address.href, {
      opened: (wire) => this.open(wire),
      changed: (state) => {
        if (state === "open") return;
        this.client = undefined;
        delete this.form.dataset.connected;
      },
    });
  }

  /** @param {import("./connection.js").Wire} wire */
  open(wire) {
    const found = (/** @type {LSPClient} */ client, /** @type {any} */ { diagnostics, version }) => {
      if (client === this.client && (version === undefined || version === this.version)) this.show(diagnostics);
      return true;
    };
    const client = new LSPClient({ timeout: PATIENCE, notificationHandlers: { "textDocument/publishDiagnostics": found } });
    client.initializing.then(() => (this.form.dataset.connected = "yes"), () => {}); // or another connection follows
    this.client = client.connect(wire);
    this.told = this.compose();
    const textDocument = { uri: this.uri, languageId: "yaml", version: ++this.version, text: this.told };
    client.notification("textDocument/didOpen", { textDocument });
  }

  /**
   * Something is typed: in the field, or elsewhere in the form.
   * @param {Field} [field]
   */
  changed(field) {
    if (field) field.typed = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PAUSE);
  }

  /**
   * The server hears of what is new.
   * @param {Field} [active]
   */
  tell(active) {
    const text = this.compose(active);
    if (!this.client || text === this.told) return;
    this.told = text;
    const textDocument = { uri: this.uri, version: ++this.version };
    this.client.notification("textDocument/didChange", { textDocument, contentChanges: [{ text }] });
  }

  /**
   * The profile with what is typed. A new statement without a text is none yet, unless somebody is about to type it.
   * @param {Field} [active]
   */
  compose(active) {
    const there = this.fields.filter((field) => field === active || !isNew(field) || field.area.value.trim());
    const { text, places } = composed(this.profile, there.map((field) => this.excerpt(field)));
    this.places = new Map(there.flatMap((field, number) => (places[number] ? [[field, places[number]]] : [])));
    return text;
  }

  /**
   * @param {Field} field
   * @returns {import("./excerpts.js").Excerpt}
   */
  excerpt({ area }) {
    const { rule: kind, first, last, like } = area.dataset;
    const at = area.name.slice(0, area.name.lastIndexOf("/"));
    const head = kind === "condition" ? `${this.value(`${at}/kind`)} when ` : kind === "rule" ? `${this.value(`${at}/name`) || "New"} = ` : "";
    return { first: Number(first) || 0, last: Number(last) || 0, like: Number(like) || 0, head, text: area.value };
  }

  /** @param {string} name of an input of the form */
  value(name) {
    const input = this.form.elements.namedItem(name);
    return input instanceof HTMLInputElement || input instanceof HTMLSelectElement ? input.value : "";
  }

  /** @type {(context: import("@codemirror/autocomplete").CompletionContext) => Promise<import("@codemirror/autocomplete").CompletionResult | null>} */
  async complete(context) {
    const { client } = this;
    if (!client || !(context.explicit || context.matchBefore(/[\p{L}\p{N}_[{.]$/u))) return null;
    const field = this.fields.find(({ view }) => view === context.view);
    this.tell(field);
    const place = field && this.places.get(field);
    if (!place) return null;
    const line = context.state.doc.lineAt(context.pos);
    const position = outside(place, line.number - 1, context.pos - line.from);
    /** @type {import("vscode-languageserver-protocol").CompletionItem[] | null} */
    const items = await client.request("textDocument/completion", { textDocument: { uri: this.uri }, position }).catch(() => null);
    const edit = items?.[0]?.textEdit;
    if (!items || !edit || !("range" in edit)) return null;
    const from = line.from + inside(place, edit.range.start).column;
    return { from, options: items.map(option), validFor: /^[\p{L}\p{N}_]*$/u };
  }

  /** @param {Finding[]} findings */
  show(findings) {
    for (const field of this.fields) {
      const place = this.places.get(field);
      const mine = place && field.area.value.trim() ? findings.filter(({ range }) => concerns(place, range)) : [];
      const shown = place ? mine.map((one) => diagnostic(field.view, place, one)) : [];
      field.view.dispatch(setDiagnostics(field.view.state, shown));
      if (field.typed) tellOf(field, mine);
    }
  }
}

/** @param {Field} field whether its statement is still to be added */
function isNew({ area }) {
  return Number(area.dataset.last ?? 0) < Number(area.dataset.first ?? 1);
}

/**
 * What is wrong by now, in place of what was wrong when the page was made.
 * @param {Field} field
 * @param {Finding[]} findings
 */
function tellOf({ area, said }, findings) {
  const [worst] = [...findings].sort((a, b) => (a.severity ?? 1) - (b.severity ?? 1));
  const message = worst?.message.replaceAll("\n", ": ") ?? "";
  if (said.textContent !== message) said.textContent = message;
  said.className = !worst ? "" : worst.severity === 2 ? "caution" : "error";
  const former = document.getElementById(`${area.id}-error`);
  if (former) former.hidden = true;
}

/** @param {import("vscode-languageserver-protocol").CompletionItem} item */
function option(item) {
  const { label, sortText, detail, documentation, textEdit, kind } = item;
  const text = typeof documentation === "string" ? documentation : documentation?.value;
  return {
    label,
    type: TYPES.get(kind ?? 0) ?? "",
    apply: textEdit?.newText ?? label,
    ...(sortText ? { sortText } : {}),
    ...(detail ? { detail } : {}),
    ...(text ? { info: text.replace(/```\n?|`/g, "") } : {}),
  };
}

/**
 * @param {EditorView} view
 * @param {import("./excerpts.js").Place} place
 * @param {Finding} found
 * @returns {import("@codemirror/lint").Diagnostic}
 */
function diagnostic(view, place, found) {
  const at = (/** @type {{ line: number, character: number }} */ position) => {
    const { line, column } = inside(place, position);
    const { from, to } = view.state.doc.line(Math.min(line + 1, view.state.doc.lines));
    return Math.min(from + column, to);
  };
  const severity = found.severity === 2 ? "warning" : "error";
  return { from: at(found.range.start), to: at(found.range.end), severity, message: found.message };
}

/** @param {string} packed a text as the form carries it */
function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
