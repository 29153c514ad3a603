/** Two people, two browsers: what one writes the other sees, also over a gap; and words stay words. */
import { expect, test } from "@playwright/test";
import { openConversation, write } from "./chatting";
import { told } from "./people";
import { complaintsOf } from "./visiting";
import { filled, words } from "./words";

const { common, messages } = words;

test("what one writes the other sees as it happens: presence, typing, delivery, reading", async ({
  browser,
}) => {
  const patient = await openConversation(browser, "PATIENT");
  const therapist = await openConversation(browser, "THERAPIST");
  await expect(
    patient.getByRole("status").filter({ hasText: messages.presence.online }).first(),
  ).toBeVisible();
  // Typing is told while it goes on and never kept: whoever did not see it begin sees it go on.
  await expect(async () => {
    await therapist.getByLabel(messages.composer.label, { exact: true }).pressSequentially("I am ");
    await expect(
      patient.getByText(filled(messages.presence.typing, { name: "Theo Example" })).first(),
    ).toBeVisible({ timeout: 4_000 });
  }).toPass({ timeout: 30_000 });
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
  const main = patient.locator("main");
  const isTold = main.getByText(common.offlineSignedOut);
  await expect(isTold.or(main.getByRole("button", { name: common.tryAgain })).first()).toBeVisible();
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

test("two tabs of one person write at once, and each message is there once, in one order for all", async ({
  browser,
}) => {
  const one = await openConversation(browser, "PATIENT");
  const other = await one.context().newPage();
  await other.goto(one.url());
  await expect(other.getByLabel(messages.composer.label, { exact: true })).toBeVisible();
  const therapist = await openConversation(browser, "THERAPIST");
  const mark = Date.now();
  const all = ["a1", "b1", "a2", "b2", "a3", "b3"].map((name) => `${name} of ${mark}`);
  const [firsts, seconds] = [0, 1].map((tab) => all.filter((_, place) => place % 2 === tab));
  const writeAll = async (page: typeof one, own: string[] = []) => {
    for (const said of own) await write(page, said);
  };
  await Promise.all([writeAll(one, firsts), writeAll(other, seconds)]);
  type Messages = { items: { body: string; seq: number }[] };
  const conversation = new URL(one.url()).pathname.split("/").pop();
  const kept = async () => {
    const { items } = await told<Messages>(
      therapist,
      `/api/messages?conversationId=${conversation}&limit=50`,
    );
    return items
      .filter(({ body }) => body.endsWith(String(mark)))
      .sort((a, b) => a.seq - b.seq)
      .map(({ body }) => body);
  };
  await expect.poll(async () => (await kept()).length).toBe(all.length);
  const order = await kept();
  expect([...order].sort()).toEqual([...all].sort());
  for (const page of [one, other, therapist])
    await expect
      .poll(() =>
        page
          .locator("main p")
          .filter({ hasText: new RegExp(`^..? of ${mark}$`) })
          .allInnerTexts(),
      )
      .toEqual(order);
  await one.context().close();
  await therapist.context().close();
});

test("a picture is sent and seen, and what was written is changed and taken back", async ({ browser }) => {
  const patient = await openConversation(browser, "PATIENT");
  const therapist = await openConversation(browser, "THERAPIST");
  const complaints = complaintsOf(therapist);
  const picture = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGNgGAWjYBSMAggAAAQQAAH8Wu5fAAAAAElFTkSuQmCC",
    "base64",
  );
  await patient
    .locator("main input[type=file]")
    .setInputFiles({ name: "garden.png", mimeType: "image/png", buffer: picture });
  await expect(patient.getByText(new RegExp(`${messages.file.ready}$`))).toBeVisible({ timeout: 30_000 });
  const said = `My garden (${Date.now()})`;
  await write(patient, said);
  await expect(therapist.getByText(said).first()).toBeVisible();
  const seen = therapist.getByRole("img", {
    name: filled(messages.file.pictureOf, { name: "garden.png", author: "Pat Example" }),
  });
  await expect(seen.last()).toBeVisible({ timeout: 30_000 });
  const [download] = await Promise.all([
    therapist.waitForEvent("download"),
    therapist
      .getByRole("button", { name: /garden\.png/ })
      .last()
      .click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^file-\w+\.png$/); // a link says nothing of what is in it

  const choose = async (deed: string) => {
    await patient.getByRole("button", { name: messages.message.actions }).last().click();
    await patient.getByRole("menuitem", { name: deed }).click();
  };
  await choose(messages.message.edit);
  await write(patient, `${said}, seen from the door`);
  await expect(therapist.getByText(`${said}, seen from the door`).first()).toBeVisible();
  await choose(messages.message.delete);
  await patient.getByRole("dialog").getByRole("button", { name: messages.message.delete }).click();
  await expect(therapist.getByText(messages.message.deletedOther).last()).toBeVisible();
  await expect(therapist.getByText(said)).toHaveCount(0);
  expect(complaints).toEqual([]);
  await patient.context().close();
  await therapist.context().close();
});
