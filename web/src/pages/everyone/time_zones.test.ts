import { expect, it } from "vitest";
import { timeZones } from "./time_zones";

it("has every zone once, by the part of the world", () => {
  const groups = timeZones("America/Los_Angeles");
  const all = [...groups.values()].flat();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(400);
  expect(groups.get("America")).toContainEqual({ id: "America/Los_Angeles", words: "Los Angeles" });
  expect(groups.get("America")).toContainEqual({
    id: "America/Indiana/Vincennes",
    words: "Indiana, Vincennes",
  });
});

it("has the chosen one even where the browser knows it by another name", () => {
  expect(timeZones("US/Pacific").get("US")).toEqual([{ id: "US/Pacific", words: "Pacific" }]);
});
