import { expect, it } from "vitest";
import { timeZones } from "./time_zones";

const winter = new Date("2026-01-15T12:00:00Z");

it("has every zone once, by the part of the world, with its clock's distance", () => {
  const groups = timeZones("America/Los_Angeles", winter);
  const all = [...groups.values()].flat();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(400);
  expect(groups.get("America")).toContainEqual({
    id: "America/Argentina/Buenos_Aires",
    words: "Argentina, Buenos Aires (UTC−3)",
  });
  expect(groups.get("Asia")?.find(({ id }) => /Kolkata|Calcutta/.test(id))?.words).toMatch(/UTC\+5:30/);
});

it("has the chosen one even where the browser knows it by another name", () => {
  const groups = timeZones("US/Pacific", winter);
  expect(groups.get("US")).toEqual([{ id: "US/Pacific", words: "Pacific (UTC−8)" }]);
});
