// What the language server gives an editor: findings, completion, help under the pointer, formatting.

import { forEachDiagnostic, lintGutter, lintKeymap, nextDiagnostic, setDiagnosticsEffect } from "@codemirror/lint";
import { LSPClient, LSPPlugin, hoverTooltips, serverCompletion, serverDiagnostics } from "@codemirror/lsp-client";
import { diff } from "@codemirror/merge";
import { Compartment } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { Connection } from "./connection.js";
import { sanitized } from "./sanitizing.js";
import { word } from "./words.js";

/** Characters of a text that is checked while it is typed; the server takes no more in a message. */
export const LONGEST = 900_000;
/** Milliseconds for an answer: a long text takes seconds, on a busy machine more. */
const PATIENCE = 30_000;

/**
 * @param {string} path of the language server
 * @param {string} uri of the text
 * @param {(text: string, kind: "soft" | "warning") => void} tell says how it stands
 */
export function help(path, uri, tell) {
  const connected = new Compartment();
  /** The findings that were told of last: while there are as many, what was said since stays. */
  let told = 0;
  return {
    extension: [
      connected.of([]),
      lintGutter(),
      keymap.of([
        { key: "F8", run: (view) => toNextFinding(view, tell) },
        ...lintKeymap,
        { key: "Shift-Alt-f", run: format, preventDefault: true },
      ]),
      EditorView.updateListener.of(({ view, transactions }) => {
        if (!transactions.some((one) => one.effects.some((effect) => effect.is(setDiagnosticsEffect)))) return;
        const count = findings(view);
        if (count !== told) tell(...counting((told = count)));
      }),
    ],
    /** @param {EditorView} view */
    connect(view) {
      if (view.state.doc.length > LONGEST) {
        tell(word("This text is too long to be checked while you type. It is checked when you save."), "warning");
        return;
      }
      const address = new URL(path, window.location.href);
      address.protocol = address.protocol.replace("http", "ws");
      new Connection(address.href, {
        opened: (wire) => view.dispatch({ effects: connected.reconfigure(client(uri, wire)) }),
        changed: (state) => {
          if (state !== "open") view.dispatch({ effects: connected.reconfigure([]) });
          told = findings(view);
          tell(...(state === "open" ? counting(told) : saying(state)));
        },
      });
    },
    /** @param {EditorView} view */
    next: (view) => toNextFinding(view, tell),
  };
}

/**
 * One for each connection: what an earlier one still waits for is not answered any more.
 * @param {string} uri
 * @param {import("./connection.js").Wire} wire
 */
function client(uri, wire) {
  const made = new LSPClient({
    timeout: PATIENCE,
    sanitizeHTML: sanitized,
    extensions: [serverCompletion({ override: true }), hoverTooltips(), serverDiagnostics()],
  });
  made.initializing.catch(() => {}); // another connection follows
  return made.connect(wire).plugin(uri, "yaml");
}

/**
 * @param {import("./connection.js").State} state
 * @returns {[string, "soft" | "warning"]}
 */
function saying(state) {
  if (state === "connecting") return [word("Connecting to the checks …"), "soft"];
  if (state === "logged out")
    return [word("You are logged out. Log in in another tab, then go on here: nothing typed is lost."), "warning"];
  if (state === "too much") return [word("The checks pause for a moment: it was too much at once."), "warning"];
  return [word("The checks are unreachable; this is tried again. You can go on typing."), "warning"];
}

/**
 * @param {number} count
 * @returns {[string, "soft" | "warning"]}
 */
function counting(count) {
  if (count === 0) return [word("Checked while you type."), "soft"];
  return [count === 1 ? word("1 finding; F8 leads to it.") : word("{count} findings; F8 leads to the next.", { count }), "warning"];
}

/**
 * Goes there and says what it is, for who does not see the marks.
 * @param {EditorView} view
 * @param {(text: string, kind: "soft" | "warning") => void} tell
 */
function toNextFinding(view, tell) {
  nextDiagnostic(view);
  view.focus();
  const { from, to } = view.state.selection.main;
  const { number } = view.state.doc.lineAt(from);
  /** @type {string[]} */
  const here = [];
  forEachDiagnostic(view.state, (found, start, end) => {
    if (start === from && end === to) here.push(found.message);
  });
  if (here.length > 0) tell(word("Line {number}: {message}", { number, message: here.join("; ").replaceAll("\n", ", ") }), "warning");
  return true;
}

/** @param {EditorView} view */
function findings(view) {
  let count = 0;
  forEachDiagnostic(view.state, () => count++);
  return count;
}

/**
 * Formats by the language server; only the passages that change are touched, so that the cursor stays where it is.
 * @param {EditorView} view
 */
export function format(view) {
  const plugin = LSPPlugin.get(view);
  if (!plugin) return false;
  plugin.client.sync();
  const before = view.state.doc;
  const asked = { textDocument: { uri: plugin.uri }, options: { tabSize: 2, insertSpaces: true } };
  /** @type {Promise<import("vscode-languageserver-protocol").TextEdit[] | null>} */
  const answer = plugin.client.request("textDocument/formatting", asked);
  answer.then(
    (edits) => {
      const edit = edits?.[0];
      if (!edit || !view.state.doc.eq(before)) return;
      const old = before.toString();
      const changes = diff(old, edit.newText).map(({ fromA, toA, fromB, toB }) => ({
        from: fromA,
        to: toA,
        insert: edit.newText.slice(fromB, toB),
      }));
      view.dispatch({ changes, userEvent: "format", scrollIntoView: true });
    },
    () => {}, // the connection was lost, which is said already
  );
  return true;
}
