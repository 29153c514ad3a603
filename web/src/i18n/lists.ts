/** Several names or words as one reads them: "Ana, Sam and Wei", "Ana, Sam y Wei". */
import i18n from "i18next";

export function inList(words: readonly string[]): string {
  return new Intl.ListFormat(i18n.language, { style: "long", type: "conjunction" }).format(words);
}
