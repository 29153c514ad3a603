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

export default defineConfig({
  testDir: "tests",
  outputDir: "tests/results",
  globalSetup: "./tests/system.ts",
  // One system and two cores: what runs beside is the product itself.
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    locale: "en-US",
    timezoneId: "America/Los_Angeles",
    viewport: { width: 1280, height: 850 },
    trace: "off",
    screenshot: "only-on-failure",
    launchOptions: { executablePath: chromium, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
  },
});
