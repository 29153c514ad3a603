/** A picture of each page, phone and desktop, light and dark, into docs/screenshots: to be looked at. */
import { mkdirSync, writeFileSync } from "node:fs";
import { type Page, test } from "@playwright/test";
import { PAGES } from "../src/app/pages";
import type { Role } from "../src/session/session";
import { addressOf, isFor, type Who } from "../tests/addresses";
import { liven } from "../tests/lively";
import { browserOf } from "../tests/people";
import { nextFrames, settled } from "../tests/visiting";

const FOLDER = new URL("../../docs/screenshots/", import.meta.url).pathname;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 850 } };
const EVERYBODY: readonly Who[] = [null, "PATIENT", "THERAPIST", "ADMINISTRATOR"];
/** Pages that look alike for all who are signed in are shown as patients see them. */
const ALIKE = /^\/settings(?!\/credentials)/;

function isShownAs(who: Who, path: string, allow: "anyone" | "signed-out" | "signed-in" | readonly Role[]) {
  if (!isFor(allow, who)) return false;
  if (allow === "anyone") return who === null;
  return !ALIKE.test(path) || who === "PATIENT";
}

/** The browser's own picture: nothing is put into the page for it. */
async function picture(page: Page, name: string) {
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 72 });
  await devtools.detach();
  writeFileSync(`${FOLDER}${name}.webp`, Buffer.from(data, "base64"));
}

test.beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  await liven();
});

for (const who of EVERYBODY)
  test(`the pages of ${who ?? "nobody"}`, async ({ browser }) => {
    test.setTimeout(1_200_000);
    const context = await browserOf(browser, who, { reducedMotion: "reduce", serviceWorkers: "block" });
    const page = await context.newPage();
    for (const { path } of PAGES.filter((entry) => isShownAs(who, entry.path, entry.allow))) {
      await page.goto(await addressOf(page, path));
      await settled(page);
      const name = `${who?.toLowerCase() ?? "anyone"}${path.replaceAll("/:id", "-one").replaceAll("/", "-").replace(/^-$/, "-welcome")}`;
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await nextFrames(page);
          await picture(page, `${name}-${size}-${colorScheme}`);
        }
      }
    }
    await context.close();
  });
