import { expect, it } from "vitest";
import { faultOf, sizeInWords, typeOf } from "./file_kinds";

it("takes what the server takes, and says before why not", () => {
  expect(typeOf({ type: "image/jpg", name: "a" })).toBe("image/jpeg");
  expect(typeOf({ type: "text/plain;charset=utf-8", name: "a" })).toBe("text/plain");
  expect(typeOf({ type: "", name: "IMG.HEIC" })).toBe("image/heic");
  expect(typeOf({ type: "image/svg+xml", name: "a.png" })).toBeNull();
  expect(faultOf({ type: "text/html", name: "a.html", size: 1 })).toBe("kind");
  expect(faultOf({ type: "image/png", name: "a", size: 0 })).toBe("empty");
  expect(faultOf({ type: "image/png", name: "a", size: 26 * 1024 * 1024 })).toBe("tooLarge");
  expect(faultOf({ type: "image/png", name: "a", size: 5 })).toBeNull();
});

it("says sizes as people do", () => {
  expect([300, 2048, 1.5 * 1024 * 1024, 12.3 * 1024 * 1024].map((size) => sizeInWords(size, "en"))).toEqual([
    "300 bytes",
    "2 kB",
    "1.5 MB",
    "12 MB",
  ]);
});
