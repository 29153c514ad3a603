/**
 * How fast the client is on a phone on a slow network: Chromium's own numbers, its CPU slowed down, slow 4G (1.6 Mbit/s,
 * 150 ms). Prints the rows for docs/performance.md.
 */
import { type Browser, type CDPSession, expect, type Page, test } from "@playwright/test";
import { asking, browserOf, stateOf, told } from "../tests/people";
import { settled } from "../tests/visiting";
import { words } from "../tests/words";

const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 };
/**
 * By Lighthouse's index of how fast a machine is, of which this one has 2,300 to 2,500 when it is quiet: four times
 * slower is what Lighthouse calls a phone of the middle class (125 to 800), 2.5 times what the browser's own tools do (1,000).
 */
const CPU_SLOWER = 4;
const CPU_SLOWER_IN_TOOLS = 2.5;
const RUNS = 3;
const MESSAGES = 5_000;
const WRITTEN = 20;
/** Of a message that is written while the conversation is measured. */
const TEXT = "a few words";

interface Measured {
  largestPaintMs: number;
  layoutShift: number;
  scriptKB: number;
}

async function phone(
  browser: Browser,
  role: "PATIENT" | null,
  rate: number,
): Promise<{ page: Page; devtools: CDPSession }> {
  const context = await browserOf(browser, role, {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    serviceWorkers: "block",
  });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", SLOW_4G);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate });
  return { page, devtools };
}

async function measured(
  browser: Browser,
  path: string,
  role: "PATIENT" | null,
  rate: number,
): Promise<Measured> {
  const { page } = await phone(browser, role, rate);
  await page.addInitScript(() => {
    Object.assign(window, { paint: 0, shift: 0 });
    const kept = window as unknown as { paint: number; shift: number };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) kept.paint = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[])
        if (!entry.hadRecentInput) kept.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(path);
  await settled(page);
  await page.waitForLoadState("networkidle");
  const found = await page.evaluate(() => {
    const scripts = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    const kept = window as unknown as { paint: number; shift: number };
    return {
      largestPaintMs: kept.paint,
      layoutShift: kept.shift,
      scriptKB:
        scripts
          .filter(({ name }) => name.endsWith(".js"))
          .reduce((sum, each) => sum + each.encodedBodySize, 0) / 1000,
    };
  });
  await page.context().close();
  return found;
}

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

test("the first pages", async ({ browser }) => {
  test.setTimeout(900_000);
  const rows: string[] = [];
  for (const { path, role } of [
    { path: "/", role: null },
    { path: "/sign-in", role: null },
    { path: "/dashboard", role: "PATIENT" as const },
    { path: "/messages", role: "PATIENT" as const },
  ]) {
    for (const rate of [CPU_SLOWER, CPU_SLOWER_IN_TOOLS]) {
      const runs: Measured[] = [];
      for (let run = 0; run < RUNS; run++) runs.push(await measured(browser, path, role, rate));
      const of = (name: keyof Measured) => median(runs.map((each) => each[name]));
      rows.push(
        `| ${path} | ${rate} | ${(of("largestPaintMs") / 1000).toFixed(2)} s | ${of("layoutShift").toFixed(3)} | ${of("scriptKB").toFixed(0)} KB |`,
      );
    }
  }
  console.log(
    `| page | CPU slower | LCP | CLS | script, gzip |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}`,
  );
});

test("a message's way to the screen in a long conversation", async ({ browser }) => {
  test.setTimeout(1_800_000);
  const patient = await asking(stateOf("PATIENT"));
  type Conversations = { items: { id: string; lastSeq: number }[] };
  const [conversation] = (await told<Conversations>(patient, "/api/conversations")).items;
  expect(conversation?.lastSeq, "BLOOM_MESSAGES says how many there are").toBeGreaterThanOrEqual(MESSAGES);
  const { page, devtools } = await phone(browser, "PATIENT", CPU_SLOWER);
  await page.goto(`/messages/${conversation?.id}`);
  const field = page.getByLabel(words.messages.composer.label, { exact: true });
  await expect(field).toBeVisible();
  await devtools.send("Network.emulateNetworkConditions", {
    ...SLOW_4G,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  for (const rate of [1, CPU_SLOWER]) {
    await devtools.send("Emulation.setCPUThrottlingRate", { rate });
    const echoes: number[] = [];
    for (let number = 0; number < WRITTEN; number++) {
      await field.fill(`${TEXT} ${number} at ${rate}`);
      echoes.push(
        await page.evaluate(
          (said) =>
            new Promise<number>((done) => {
              const began = performance.now();
              const seen = new MutationObserver(() => {
                if (!document.querySelector("main")?.textContent?.includes(said)) return;
                seen.disconnect();
                requestAnimationFrame(() => done(performance.now() - began));
              });
              seen.observe(document.body, { childList: true, subtree: true, characterData: true });
              document.querySelector<HTMLTextAreaElement>("#message-words")?.form?.requestSubmit();
            }),
          `${TEXT} ${number} at ${rate}`,
        ),
      );
    }
    const sorted = echoes.sort((a, b) => a - b);
    console.log(
      `from sending to the message on the screen, ${MESSAGES} messages in the conversation, CPU ${rate} times slower: ` +
        `${median(sorted).toFixed(0)} ms, at most ${sorted.at(-1)?.toFixed(0)} ms`,
    );
  }
  await page.context().close();
  await patient.dispose();
});
