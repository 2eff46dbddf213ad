import { EditorView } from "@codemirror/view";

/** @param {ParentNode} place */
export function edit(place) {
  console.log(EditorView, place);
}
