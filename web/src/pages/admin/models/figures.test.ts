import { expect, test } from "vitest";
import { f1ByClass, numberAt } from "./figures";

test("a figure is found by its path, and null stands for what was not written", () => {
  const metrics = { macroF1: 0.69, risk: { high: { sensitivity: { value: 0.78 } } }, note: "text" };
  expect(numberAt(metrics, "macroF1")).toBe(0.69);
  expect(numberAt(metrics, "risk.high.sensitivity.value")).toBe(0.78);
  expect(numberAt(metrics, "risk.raised.sensitivity.value")).toBeNull();
  expect(numberAt(metrics, "note.length")).toBeNull();
});

test("classes are ordered by their F1, and what is no number is left out", () => {
  expect(f1ByClass({ f1: { Stress: 0.5, Normal: 0.9, Broken: "x" } })).toEqual([
    ["Normal", 0.9],
    ["Stress", 0.5],
  ]);
  expect(f1ByClass({})).toEqual([]);
});
