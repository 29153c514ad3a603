import { describe, expect, it } from "vitest";
import { endOf, readOut } from "./session_end";

const MINUTE = 60_000;
const toldAt = Date.parse("2026-03-08T12:00:00Z");
const at = (minutes: number) => new Date(toldAt + minutes * MINUTE).toISOString();
const known = {
  expiresAt: at(30),
  absoluteExpiresAt: at(600),
  toldAt,
  lastUse: 0,
  serverAhead: 0,
};

describe("the end of a session", () => {
  it("is as told where nothing was used since", () => {
    expect(endOf(known)).toEqual({ at: toldAt + 30 * MINUTE, movable: true, idle: 30 * MINUTE });
  });

  it("moves with each use, up to its end at all", () => {
    expect(endOf({ ...known, lastUse: toldAt + 20 * MINUTE }).at).toBe(toldAt + 50 * MINUTE);
    expect(endOf({ ...known, lastUse: toldAt + 590 * MINUTE })).toMatchObject({
      at: toldAt + 600 * MINUTE,
      movable: false,
    });
  });

  it("is not moved by what nobody asked for", () => {
    expect(endOf({ ...known, lastUse: toldAt - 5 * MINUTE }).at).toBe(toldAt + 25 * MINUTE);
  });

  it("is not moved by use where the server named its end at all", () => {
    const end = endOf({ ...known, absoluteExpiresAt: at(30), lastUse: toldAt + 20 * MINUTE });
    expect(end).toMatchObject({ at: toldAt + 30 * MINUTE, movable: false });
  });

  it("is by this device's clock, however wrong that is", () => {
    const end = endOf({ ...known, toldAt: toldAt - 7 * MINUTE, serverAhead: 7 * MINUTE });
    expect(end).toMatchObject({ at: toldAt + 23 * MINUTE, idle: 30 * MINUTE });
  });
});

it("reads the time left out at four moments alone", () => {
  const heard = Array.from({ length: 120 }, (_, passed) => readOut(120 - passed));
  expect([...new Set(heard)]).toEqual([120, 60, 30, 10]);
  expect(readOut(31)).toBe(60);
});
