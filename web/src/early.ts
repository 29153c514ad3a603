/**
 * Runs before the libraries have arrived: has the files of the page that is asked for, its words and the session fetched
 * beside them instead of one after the other. Whatever it gets wrong is fetched later as if it were not there.
 */
import { preferredLanguage } from "./i18n/language";
import { LOOKING_ON } from "./session/looking_key";

/** Files of each page beside what all pages need, and of each language's words; by `build/early.ts`. */
declare const __PAGES__: readonly (readonly [
  address: string,
  files: readonly string[],
  areas: readonly string[],
])[];
declare const __WORDS__: Readonly<Record<string, Readonly<Record<string, string>>>>;

function fetchEarly(rel: "modulepreload" | "preload", href: string): void {
  const link = document.createElement("link");
  link.rel = rel;
  link.href = href;
  link.crossOrigin = "anonymous";
  if (rel === "preload") link.as = "fetch";
  document.head.append(link);
}

const page = __PAGES__.find(([address]) => new RegExp(`^${address}/?$`).test(location.pathname));
const words = __WORDS__[preferredLanguage()];
const [, files, areas] = page ?? ["", [], []];
for (const file of files) fetchEarly("modulepreload", file);
for (const area of ["common", ...areas]) if (words?.[area]) fetchEarly("modulepreload", words[area]);
// A preload has no header of ours: to a tab that looks on as somebody it would bring the administrator's own session.
if (!sessionStorage.getItem(LOOKING_ON)) fetchEarly("preload", "/api/auth/session");
