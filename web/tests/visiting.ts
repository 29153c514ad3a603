/** What is looked at on every page: faults in words, none where all is well. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const GRAVE = ["serious", "critical"];

/** What a browser says against our page while it is open, gathered as it comes. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    // Refusals that the page shows in words (nobody signed in, and so on) are told by the browser as well.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(`console: ${message.text()}`);
  });
  return complaints;
}

/** The page is there: its title shows, and nothing waits any more. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("h1").first()).toBeVisible();
  await expect(page.locator("main .animate-spin")).toHaveCount(0);
}

/** What was changed is painted, and no colour is on its way to another. */
export async function nextFrames(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done));
      }),
  );
}

/** What axe finds serious or critical; of another colour scheme, what depends on colours. */
export async function barriers(page: Page, onlyColours = false): Promise<string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const { violations } = await (onlyColours
    ? axe.withTags("cat.color").disableRules("color-contrast-enhanced")
    : axe
  ).analyze();
  return violations
    .filter(({ impact }) => GRAVE.includes(impact ?? ""))
    .map(({ id, help, nodes }) => {
      const [first] = nodes;
      return `${id}: ${help} (${nodes.length}) ${first?.target.join(" ")} ${first?.any[0]?.message ?? ""}`;
    });
}

/** What stands out to the side at this width, where the page scrolls sideways. */
export async function sideways(page: Page, width: number): Promise<string[]> {
  const before = page.viewportSize();
  await page.setViewportSize({ width, height: before?.height ?? 800 });
  const found = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const wide = [...document.querySelectorAll<HTMLElement>("body *")].filter(
      (each) => each.getBoundingClientRect().right > room + 1,
    );
    return wide.slice(0, 3).map((each) => `<${each.localName} class="${each.className}">`);
  });
  if (before) await page.setViewportSize(before);
  return found.map((each) => `at ${width} px it scrolls sideways: ${each}`);
}

/** What the Tab key does not reach, and what it reaches without showing it. */
export async function unreachable(page: Page): Promise<string[]> {
  const expected = await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
    const able = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    const all = [...document.querySelectorAll<HTMLElement>(able)].filter((each) => {
      if (each.tabIndex < 0 || each.matches(":disabled") || each.closest("[inert]")) return false;
      // Of radio buttons one is reached, and the arrows lead on.
      if (each instanceof HTMLInputElement && each.type === "radio" && !each.checked) return false;
      if (each instanceof HTMLInputElement && each.type === "file") return false;
      return each.checkVisibility({ visibilityProperty: true });
    });
    for (const [index, each] of all.entries()) each.dataset.walk = String(index);
    return all.length;
  });
  const reached = new Set<string>();
  const faults: string[] = [];
  for (let presses = 0; presses < 2 * expected + 40; presses++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return null;
      // A card around a control may show its focus in its place.
      const shown = [element, element.closest("label")].some((each) => {
        const style = each && getComputedStyle(each);
        return (
          style &&
          ((style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) ||
            style.boxShadow !== "none")
        );
      });
      return { walk: element.dataset.walk ?? "", shown, name: element.outerHTML.slice(0, 100) };
    });
    if (!at) {
      if (reached.size >= expected) break;
      continue;
    }
    if (!at.shown && !reached.has(at.walk)) faults.push(`focus is not seen on ${at.name}`);
    reached.add(at.walk);
  }
  const missed = await page.evaluate(
    (known) =>
      [...document.querySelectorAll<HTMLElement>("[data-walk]")]
        .filter((each) => !known.includes(each.dataset.walk ?? ""))
        .map((each) => each.outerHTML.slice(0, 240)),
    [...reached],
  );
  return [...faults, ...missed.map((each) => `Tab does not reach ${each}`)];
}

/** Anything in a script's reach that could be a session: cookies, and what is stored on the device. */
export async function withinScriptsReach(page: Page): Promise<string[]> {
  const cookies = await page.context().cookies();
  const secrets = cookies.filter(({ httpOnly }) => httpOnly).map(({ value }) => value);
  const reach = await page.evaluate(() =>
    [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join(),
  );
  return [
    ...secrets
      .filter((secret) => secret && reach.includes(secret))
      .map(() => "a session's token is in script's reach"),
    ...cookies
      .filter(({ httpOnly }) => !httpOnly)
      .map(({ name }) => `the cookie ${name} is in script's reach`),
  ];
}

/** All that this origin keeps on the device, as one text: cookies, both storages, databases and caches. */
export async function everythingKept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const kept: string[] = [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((done, failed) => {
        const opening = indexedDB.open(name ?? "");
        opening.onsuccess = () => done(opening.result);
        opening.onerror = () => failed(opening.error);
      });
      for (const store of database.objectStoreNames) {
        const reading = database.transaction(store).objectStore(store);
        const read = <Kind>(asked: IDBRequest<Kind>) =>
          new Promise<Kind>((done) => {
            asked.onsuccess = () => done(asked.result);
          });
        kept.push(JSON.stringify([await read(reading.getAllKeys()), await read(reading.getAll())]));
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        const words = /text|json|script/.test(answer?.headers.get("content-type") ?? "");
        kept.push(request.url, words ? ((await answer?.text()) ?? "") : "");
      }
    }
    return kept.join("\n");
  });
}
