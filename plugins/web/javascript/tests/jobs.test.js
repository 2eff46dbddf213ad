// What the events of a job mean.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isLast, isLocal, share } from "../src/jobs.js";

test("a bar is as far as the job, and nowhere while nobody knows", () => {
  assert.equal(share({ done: 25, total: 100 }), 0.25);
  assert.equal(share({ done: 300, total: 100 }), 1);
  for (const report of [{}, { done: 3 }, { done: 3, total: 0 }, { done: null, total: null }, { done: "x", total: 9 }])
    assert.equal(share(report), undefined);
});

test("the last event is one with another state than running", () => {
  assert.deepEqual(
    [{}, { state: "running" }, { state: "waiting" }, { state: "done" }, { state: "failed" }].map(isLast),
    [false, false, false, true, true],
  );
});

test("a job leads nowhere else than to a page of ours", () => {
  assert.deepEqual(
    ["/runs/1", "/", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""].map(isLocal),
    [true, true, false, false, false, false, false],
  );
});
