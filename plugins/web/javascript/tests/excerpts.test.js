// The whole profile with what is typed into fields, and positions there and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { composed, concerns, inside, outside } from "../src/excerpts.js";

const PROFILE = ["source: csv", "rules: |", "  # first", "  A = [X]", "  B = join(\", \",", "      [Y])", "structure: {}", ""].join("\n");
const A = { first: 4, last: 4, like: 4, head: "A = ", text: "[X1]" };
const B = { first: 5, last: 6, like: 5, head: "B = ", text: "list(\n[Y1],\n[Y2])" };
const NEW = { first: 7, last: 6, like: 4, head: "New = ", text: "[Z" };

test("each field stands where its statement does, further lines deeper than the first", () => {
  const { text, places } = composed(PROFILE, [B, A, NEW]);
  assert.deepEqual(text.split("\n"), [
    "source: csv", "rules: |", "  # first", "  A = [X1]", "  B = list(", "      [Y1],", "      [Y2])", "  New = [Z", "structure: {}", "",
  ]);
  assert.deepEqual(places.map(({ line, lines }) => [line, lines]), [[4, 3], [3, 1], [7, 1]]);
});

test("a profile without rules gets some", () => {
  const { text, places } = composed("source: csv", [{ first: 0, last: 0, like: 0, head: "New = ", text: "[" }]);
  assert.equal(text, "source: csv\nrules: |\n  New = [");
  assert.equal(places[0]?.line, 2);
});

test("a position comes back as what it was", () => {
  const { text, places } = composed(PROFILE, [A, B, NEW]);
  const lines = text.split("\n");
  for (const [number, { text: typed }] of [A, B, NEW].entries())
    for (const [line, content] of typed.split("\n").entries())
      for (let column = 0; column <= content.length; column++) {
        const place = places[number];
        assert.ok(place);
        const there = outside(place, line, column);
        assert.equal(lines[there.line]?.slice(there.character), content.slice(column));
        assert.deepEqual(inside(place, there), { line, column });
      }
});

test("what begins before the field begins with it, and what ends behind it ends with it", () => {
  const place = { line: 4, lines: 2, column: 6, further: 6 };
  assert.deepEqual(inside(place, { line: 4, character: 2 }), { line: 0, column: 0 });
  assert.deepEqual(inside(place, { line: 1, character: 9 }), { line: 0, column: 0 });
  assert.deepEqual(inside(place, { line: 9, character: 0 }), { line: 1, column: Infinity });
  assert.equal(concerns(place, { start: { line: 3 }, end: { line: 3 } }), false);
  assert.equal(concerns(place, { start: { line: 3 }, end: { line: 4 } }), true);
  assert.equal(concerns(place, { start: { line: 6 }, end: { line: 6 } }), false);
});

test("line ends of other systems are line ends", () => {
  const { text } = composed(PROFILE.replaceAll("\n", "\r\n"), [{ ...A, text: "[X]\r\n& [Y]" }]);
  assert.equal(text.split("\n")[4], "      & [Y]");
});
