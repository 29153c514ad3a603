import { expect, it } from "vitest";
import { strengthOf } from "./password_strength";

it.each([
  ["1234567", "short"],
  ["😀😀😀", "short"],
  ["aaaaaaaaaaaaaaaa", "weak"],
  ["12345678", "weak"],
  ["abcdefghijkl", "weak"],
  ["sunshine", "weak"],
  ["river-lamp", "fair"],
  ["Kq7!vd2Z", "fair"],
  ["correct horse battery staple", "strong"],
] as const)("%s is %s", (password, strength) => {
  expect(strengthOf(password)).toBe(strength);
});

it("counts what others know for nothing", () => {
  expect(strengthOf("maria.lopez1984", ["Maria Lopez", "m@example.org"])).not.toBe("weak");
  expect(strengthOf("lopezmaria", ["Maria Lopez"])).toBe("weak");
  expect(strengthOf("rivertreelamp!", ["Maria Lopez"])).toBe("strong");
});
