/** Browser tests: the system's Chromium over a system of its own, which `tests/system.ts` starts and ends. */
import { defineConfig } from "@playwright/test";
import { theChromium } from "./tests/chromium";

const chromium = theChromium();
if (!chromium) {
  console.log(
    "bloom: there is no Chromium here, so the browser tests are left out (Debian: apt install chromium)",
  );
  process.exit(0);
}

/** How much longer than on a free machine everything may take. */
const PATIENCE = Number(process.env.BLOOM_TEST_PATIENCE ?? 1);

export default defineConfig({
  projects: ["tests", "long", "screenshots", "bench"].map((name) => ({ name, testDir: name })),
  outputDir: "tests/results",
  globalSetup: "./tests/system.ts",
  // One system and two cores: what runs beside is the product itself.
  workers: 1,
  timeout: 180_000 * PATIENCE,
  expect: { timeout: 15_000 * PATIENCE },
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    actionTimeout: 15_000 * PATIENCE,
    navigationTimeout: 30_000 * PATIENCE,
    locale: "en-US",
    timezoneId: "America/Los_Angeles",
    viewport: { width: 1280, height: 850 },
    trace: "off",
    screenshot: "only-on-failure",
    launchOptions: { executablePath: chromium, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
  },
});
