// Typing over a selection. Left to the browser, it keeps the look of what was there by a `style` of its own, which the
// page's policy forbids and its console tells of. The browser is asked what is selected: where somebody types at once,
// the editor may not have heard of it yet.

import { EditorView } from "@codemirror/view";

export const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const text = event.inputType === "insertText" ? event.data : null;
    const selected = document.getSelection();
    if (!text || !selected?.rangeCount || selected.isCollapsed || view.composing || view.state.readOnly) return false;
    const range = selected.getRangeAt(0);
    const from = view.posAtDOM(range.startContainer, range.startOffset);
    const to = view.posAtDOM(range.endContainer, range.endOffset);
    event.preventDefault();
    const change = { changes: { from, to, insert: text }, selection: { anchor: from + text.length } };
    const insert = () => view.state.update({ ...change, userEvent: "input.type", scrollIntoView: true });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});
