// When an editor tries again, and what it makes of a connection that was closed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stateAfter, wait } from "../src/connection.js";

test("attempts become rarer, up to half a minute, and never come all at once", () => {
  const latest = [0, 1, 2, 3, 4, 5, 50].map((failures) => wait(failures, "lost", 1));
  assert.deepEqual(latest, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.deepEqual([0, 50].map((failures) => wait(failures, "lost", 0)), [500, 15_000]);
});

test("who is logged out or was too fast comes back after ten seconds", () => {
  assert.equal(wait(0, "logged out", 0.5), 10_000);
  assert.equal(wait(9, "too much", 0.5), 10_000);
});

test("the server's codes say why", () => {
  assert.deepEqual([4401, 4429, 1009, 1006, 1001, 1000].map(stateAfter), [
    "logged out",
    "too much",
    "too much",
    "lost",
    "lost",
    "lost",
  ]);
});
