/** How well a password protects, roughly and kindly: what the server refuses it says itself. */
export type Strength = "short" | "weak" | "fair" | "strong";

/** Characters, as the server counts them. */
export const SHORTEST = 8;
export const LONGEST = 128;

const FAIR_BITS = 42;
const STRONG_BITS = 65;

/** `own` is what others know of its owner, as name and address: a password made of it protects nobody. */
export function strengthOf(password: string, own: readonly string[] = []): Strength {
  const characters = [...password];
  if (characters.length < SHORTEST) return "short";
  const plain = password.toLowerCase();
  const parts = own.flatMap((each) => each.toLowerCase().split(/[\s@._-]+/));
  if (parts.some((part) => part.length > 3 && plain.includes(part) && part.length * 2 >= plain.length))
    return "weak";
  const bits = surprises(characters) * Math.log2(alphabet(password));
  if (bits < FAIR_BITS) return "weak";
  return bits < STRONG_BITS ? "fair" : "strong";
}

/** Characters that do not simply go on with what was before, as in `aaaa`, `1234`; each of them once and a half at most. */
function surprises(characters: string[]): number {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  const fresh = codes.filter((code, place) => place === 0 || Math.abs(code - (codes[place - 1] ?? 0)) > 1);
  return Math.min(fresh.length, new Set(characters).size * 1.5);
}

function alphabet(password: string): number {
  const kinds: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 20],
  ];
  return kinds.reduce((sum, [kind, size]) => sum + (kind.test(password) ? size : 0), 0);
}
