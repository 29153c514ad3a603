/** Every page of the router, for each role it is for: barriers, policy, widths, the keyboard, what script can reach. */
import { expect, test } from "@playwright/test";
import { PAGES } from "../src/app/pages";
import { addressOf, isFor, type Who } from "../tests/addresses";
import { liven } from "../tests/lively";
import { browserOf } from "../tests/people";
import {
  barriers,
  complaintsOf,
  nextFrames,
  settled,
  sideways,
  unreachable,
  withinScriptsReach,
} from "../tests/visiting";

const EVERYBODY: readonly Who[] = [null, "PATIENT", "THERAPIST", "ADMINISTRATOR"];
const LANGUAGES = [
  { language: "en", locale: "en-US" },
  { language: "es", locale: "es-US" },
];
/** 360 px is the narrowest phone; 640 px is a desktop of 1280 px at 200 %. */
const WIDTHS = [360, 640];

test.beforeAll(async () => {
  await liven();
});

for (const who of EVERYBODY)
  for (const { language, locale } of LANGUAGES)
    test(`${who ?? "nobody"} finds every page whole and open to all, in ${language}`, async ({ browser }) => {
      test.setTimeout(1_200_000);
      const context = await browserOf(browser, who, {
        locale,
        reducedMotion: "reduce",
        serviceWorkers: "block",
      });
      const page = await context.newPage();
      const complaints = complaintsOf(page);
      for (const { path } of PAGES.filter(({ allow }) => isFor(allow, who))) {
        const address = await addressOf(page, path);
        await page.goto(address);
        await settled(page);
        const faults = [...complaints.splice(0)];
        expect.soft(await page.locator("html").getAttribute("lang")).toBe(language);
        await expect.soft(page.locator("h1"), `titles of ${path}`).toHaveCount(1);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await nextFrames(page);
          faults.push(
            ...(await barriers(page, colorScheme === "dark")).map((fault) => `${colorScheme}: ${fault}`),
          );
        }
        for (const width of WIDTHS) faults.push(...(await sideways(page, width)));
        if (language === "en") faults.push(...(await unreachable(page)));
        faults.push(...(await withinScriptsReach(page)), ...complaints.splice(0));
        expect.soft(faults, `${path} for ${who ?? "nobody"} in ${language}`).toEqual([]);
      }
      await context.close();
    });
