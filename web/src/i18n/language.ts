/** The languages of the product, and which of them is shown on this device. */
export const LANGUAGES = ["en", "es"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "bloom.language";

/** The language chosen on this device, else the browser's where we have it, else English. */
export function preferredLanguage(): Language {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages].filter((tag) => tag !== null);
  const known = wanted
    .map((tag) => tag.slice(0, 2).toLowerCase())
    .find((tag) => LANGUAGES.includes(tag as Language));
  return (known as Language | undefined) ?? "en";
}

/** For the next visit on this device, too. */
export function storeLanguage(language: Language): void {
  localStorage.setItem(STORED, language);
}
