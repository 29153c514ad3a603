/** Where this machine's Chromium is: tests drive the one that is there instead of fetching another. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ELSEWHERE = [
  "/usr/bin",
  "/snap/bin",
  "/Applications/Chromium.app/Contents/MacOS",
  "/Applications/Google Chrome.app/Contents/MacOS",
];

/** The program that BLOOM_CHROMIUM names, or the first of the known ones; null where there is none. */
export function theChromium(): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...ELSEWHERE];
  const found = folders.flatMap((folder) =>
    [...NAMES, "Chromium", "Google Chrome"].map((name) => join(folder, name)),
  );
  return [process.env.BLOOM_CHROMIUM ?? "", ...found].find(runs) ?? null;
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== "";
  } catch {
    return false;
  }
}
