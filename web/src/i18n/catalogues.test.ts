import { describe, expect, it } from "vitest";

type Words = { [key: string]: string | Words };
const catalogues = import.meta.glob<{ default: Words }>("./{en,es}/*.ts", { eager: true });
const AREAS = Object.keys(catalogues)
  .filter((path) => path.startsWith("./en/"))
  .map((path) => path.slice("./en/".length));

/** Every sentence by its path, as `signIn.title`. */
function sentences(words: Words, above = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "string"
        ? [[above + key, value]]
        : Object.entries(sentences(value, `${above}${key}.`)),
    ),
  );
}

const blanks = (sentence: string) => [...sentence.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();
const of = (language: string, area: string) => sentences(catalogues[`./${language}/${area}`]?.default ?? {});

describe.each(AREAS)("the words of %s", (area) => {
  const [english, spanish] = [of("en", area), of("es", area)];

  it("are there in both languages, and none is empty", () => {
    expect(Object.keys(spanish).sort()).toEqual(Object.keys(english).sort());
    const empty = Object.keys(english).filter((key) => !english[key]?.trim() || !spanish[key]?.trim());
    // The name of an empty sentence would be shown in its place.
    expect(empty).toEqual([]);
  });

  it("have the same blanks in both languages", () => {
    const differing = Object.keys(english).filter(
      (key) => `${blanks(english[key] ?? "")}` !== `${blanks(spanish[key] ?? "")}`,
    );
    expect(differing).toEqual([]);
  });

  it("never shout, and never claim to be followed live", () => {
    const said = [...Object.values(english), ...Object.values(spanish)];
    expect(said.filter((each) => /!|¡/.test(each))).toEqual([]);
    expect(said.filter((each) => /\b(24\/7|around the clock|las 24 horas)\b/i.test(each))).toEqual([]);
  });

  it("have a form for one and for many wherever a count decides", () => {
    for (const words of [english, spanish]) {
      const counting = Object.keys(words).filter(
        (key) => /_(one|other)$/.test(key) && words[key]?.includes("{{count}}"),
      );
      const stems = new Set(counting.map((key) => key.replace(/_(one|other)$/, "")));
      expect([...stems].filter((stem) => !(`${stem}_one` in words && `${stem}_other` in words))).toEqual([]);
    }
  });
});
