import { describe, expect, it } from "vitest";
import { apart, dialled, KNOWN_COUNTRIES, likelyCountry, linesOf } from "./lines";

describe("whose lines are shown first", () => {
  it.each([
    ["DE", ["en-US"], "DE"],
    ["XX", ["en-US"], null],
    [null, ["es-MX", "en-US"], "MX"],
    [undefined, ["en", "es-419", "fr-CH"], "CH"],
    [null, ["en"], "US"],
    [null, [], "US"],
    [null, ["ja-JP"], null],
    [null, ["not a tag"], "US"],
  ])("profile %s, languages %s: %s", (profile, languages, expected) => {
    expect(likelyCountry(profile, languages)).toBe(expected);
  });
});

describe("the lines that the client carries", () => {
  it.each([...KNOWN_COUNTRIES, null])("%s has somebody to talk to and an emergency number", (country) => {
    const { lines, emergency } = apart(linesOf(country));
    expect(lines.length).toBeGreaterThan(0);
    expect(emergency).toMatch(/^\d{3}$/);
  });

  it("tells no emergency number from a single line", () => {
    expect(apart([{ name: "A line", call: "988" }])).toEqual({
      lines: [{ name: "A line", call: "988" }],
      emergency: null,
    });
  });

  it("dials what is written with spaces", () => {
    expect(dialled("tel", "0800 111 0 111")).toBe("tel:08001110111");
    expect(dialled("sms", "988")).toBe("sms:988");
  });
});
