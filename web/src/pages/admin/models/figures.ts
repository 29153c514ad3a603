/** The figures of a version, as its training wrote them; a field that is not there is null. */
import i18n from "i18next";

type Told = Record<string, unknown>;

/** The number at a path as `risk.high.sensitivity.value`, or null. */
export function numberAt(told: Told, path: string): number | null {
  let here: unknown = told;
  for (const step of path.split(".")) {
    if (typeof here !== "object" || here === null) return null;
    here = (here as Told)[step];
  }
  return typeof here === "number" ? here : null;
}

/** A share as people read it: 0.6863 is `0.69`. */
export function shareInWords(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 3, minimumFractionDigits: 2 }).format(
    value,
  );
}

/** Whole numbers in the reader's own way of writing them. */
export function countInWords(value: number): string {
  return new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 }).format(value);
}

/** F1 by class, the best first; empty where none was written. */
export function f1ByClass(metrics: Told): [string, number][] {
  const found = metrics.f1;
  if (typeof found !== "object" || found === null) return [];
  return Object.entries(found as Record<string, unknown>)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .sort(([, one], [, other]) => other - one);
}
