/** A device as the server names it, in the language of the page. */
import type { TFunction } from "i18next";

/** `Firefox on Linux` and the like: names of products stay, the words around them are ours. */
export function deviceWords(device: string, t: TFunction<"settings">): string {
  const [browser = "", system] = device.split(" on ");
  const there = system === "an Apple device" ? t("security.device.apple") : system;
  const program = browser === "The desktop app" ? t("security.device.desktop") : browser;
  if (there) {
    return browser === "An app"
      ? t("security.device.app", { system: there })
      : t("security.device.on", { browser: program, system: there });
  }
  return browser === "An unknown device" ? t("security.device.unknown") : program;
}
