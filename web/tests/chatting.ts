/** The conversation of the seeded patient and therapist, opened and written in as they would. */
import { type Browser, expect, type Page } from "@playwright/test";
import { browserOf, told } from "./people";
import { words } from "./words";

const { composer } = words.messages;

/** On its page, ready to write. */
export async function openConversation(browser: Browser, role: "PATIENT" | "THERAPIST"): Promise<Page> {
  const page = await (await browserOf(browser, role)).newPage();
  type Conversations = { items: { id: string; members: { name: string }[] }[] };
  const { items } = await told<Conversations>(page, "/api/conversations");
  const both = items.find(({ members }) =>
    ["Pat Example", "Theo Example"].every((name) => members.some((each) => each.name === name)),
  );
  await page.goto(`/messages/${both?.id}`);
  await expect(page.getByLabel(composer.label, { exact: true })).toBeVisible();
  return page;
}

/** Write a message and send it by the keyboard. */
export async function write(page: Page, said: string) {
  await page.getByLabel(composer.label, { exact: true }).fill(said);
  await page.getByLabel(composer.label, { exact: true }).press("Enter");
}
