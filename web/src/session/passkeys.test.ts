import { expect, it } from "vitest";
import { base64url, bytes } from "./passkeys";

it("goes to base64url and back, whatever the bytes and their number", () => {
  for (let length = 0; length < 70; length += 1) {
    const given = Uint8Array.from({ length }, (_, place) => (place * 89 + 251) % 256);
    const text = base64url(given.buffer);
    expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
    expect([...bytes(text)]).toEqual([...given]);
    expect(text).toBe(Buffer.from(given).toString("base64url"));
  }
});
