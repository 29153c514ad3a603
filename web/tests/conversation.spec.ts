/** Two people, two browsers: what one writes the other sees, also over a gap; and words stay words. */
import { type Browser, expect, type Page, test } from "@playwright/test";
import { browserOf, told } from "./people";
import { complaintsOf } from "./visiting";
import { filled, words } from "./words";

const { common, messages } = words;

async function openConversation(browser: Browser, role: "PATIENT" | "THERAPIST"): Promise<Page> {
  const page = await (await browserOf(browser, role)).newPage();
  type Conversations = { items: { id: string; members: { name: string }[] }[] };
  const { items } = await told<Conversations>(page, "/api/conversations");
  const both = items.find(({ members }) =>
    ["Pat Example", "Theo Example"].every((name) => members.some((each) => each.name === name)),
  );
  await page.goto(`/messages/${both?.id}`);
  await expect(page.getByLabel(messages.composer.label, { exact: true })).toBeVisible();
  return page;
}

async function write(page: Page, said: string) {
  await page.getByLabel(messages.composer.label, { exact: true }).fill(said);
  await page.getByLabel(messages.composer.label, { exact: true }).press("Enter");
}

test("what one writes the other sees as it happens: presence, typing, delivery, reading", async ({
  browser,
}) => {
  const patient = await openConversation(browser, "PATIENT");
  const therapist = await openConversation(browser, "THERAPIST");
  await expect(
    patient.getByRole("status").filter({ hasText: messages.presence.online }).first(),
  ).toBeVisible();
  await therapist
    .getByLabel(messages.composer.label, { exact: true })
    .pressSequentially("I am", { delay: 40 });
  await expect(
    patient.getByText(filled(messages.presence.typing, { name: "Theo Example" })).first(),
  ).toBeVisible();
  const said = `I am here (${Date.now()}).`;
  await write(therapist, said);
  await expect(
    patient.getByRole("listitem").or(patient.getByRole("article")).getByText(said).first(),
  ).toBeVisible();
  await expect(therapist.getByText(messages.message.read).last()).toBeVisible();
  await patient.context().close();
  await therapist.context().close();
});

test("what is written offline outlives a reload and arrives once, and what was missed is caught up", async ({
  browser,
}) => {
  const patient = await openConversation(browser, "PATIENT");
  const therapist = await openConversation(browser, "THERAPIST");
  await patient.evaluate(() => navigator.serviceWorker.ready);
  await patient.context().setOffline(true);
  const held = `Written in a tunnel (${Date.now()})`;
  const missed = `Sent meanwhile (${Date.now()})`;
  await write(patient, held);
  await expect(patient.getByText(held).first()).toBeVisible();
  await write(therapist, missed);
  await patient.reload(); // who is signed in is not known without the server, so the words wait out of sight
  await expect(patient.locator("main").getByRole("button", { name: common.tryAgain })).toBeVisible();
  await patient.context().setOffline(false);
  await expect(patient.getByText(missed).first()).toBeVisible({ timeout: 30_000 });
  await expect(therapist.getByText(held).first()).toBeVisible({ timeout: 30_000 });
  type Messages = { items: { body: string }[] };
  const conversation = new URL(patient.url()).pathname.split("/").pop();
  const kept = await told<Messages>(therapist, `/api/messages?conversationId=${conversation}&limit=50`);
  expect(kept.items.filter(({ body }) => body === held)).toHaveLength(1);
  await patient.context().close();
  await therapist.context().close();
});

test("a message that is markup is shown as it was written", async ({ browser }) => {
  const therapist = await openConversation(browser, "THERAPIST");
  const complaints = complaintsOf(therapist);
  const patient = await openConversation(browser, "PATIENT");
  const markup = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script> ${Date.now()}`;
  await write(patient, markup);
  await expect(therapist.getByText(markup).first()).toBeVisible();
  expect(await therapist.title()).not.toContain("taken");
  expect(complaints).toEqual([]);
  await patient.context().close();
  await therapist.context().close();
});
