/** Which lines are a person's: the client carries them all, so that they are there when no server answers. */
import type { Shape } from "@/api/client";
import told from "./lines.json";

/** One place to turn to; what has neither a page nor takes messages and stands last is the emergency number. */
export type CrisisResource = Shape<"CrisisResource">;

const COUNTRIES: Record<string, readonly Partial<CrisisResource>[]> = told.countries;

/** The countries whose lines we know (ISO 3166, two letters). */
export const KNOWN_COUNTRIES: readonly string[] = Object.keys(COUNTRIES);

/** The lines of a country, or where to look anywhere in the world. */
export function linesOf(country: string | null): readonly Partial<CrisisResource>[] {
  return (country && COUNTRIES[country]) || told.anywhere;
}

/**
 * Whose lines to show first: the country of the profile, else the region that the browser's languages name, else the
 * United States. A country that we know no lines of is null: what helps anywhere is shown.
 */
export function likelyCountry(
  profile: string | null | undefined,
  languages: readonly string[],
): string | null {
  if (profile) return profile in COUNTRIES ? profile : null;
  const regions = languages.map(regionOf).filter((region) => region !== undefined);
  if (regions.length === 0) return "US";
  return regions.find((region) => region in COUNTRIES) ?? null;
}

function regionOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).region;
  } catch {
    return undefined;
  }
}

/** The lines to talk to, and the emergency number apart from them, where the last one is such. */
export function apart<Line extends Partial<CrisisResource>>(
  lines: readonly Line[],
): { lines: readonly Line[]; emergency: string | null } {
  const last = lines.at(-1);
  if (lines.length < 2 || !last?.call || last.url || last.text) return { lines, emergency: null };
  return { lines: lines.slice(0, -1), emergency: last.call };
}

/** A number as a link dials it: `tel:116123`. */
export function dialled(scheme: "tel" | "sms", number: string): string {
  return `${scheme}:${number.replace(/[^+\d]/g, "")}`;
}
