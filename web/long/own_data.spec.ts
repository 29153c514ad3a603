/** What is somebody's own: a copy of all that is held, and leaving for good, which can be thought over. */
import { readFile } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import { bookAway, freeTimes, type Slot, takenIntoCare } from "../tests/caring";
import { write } from "../tests/chatting";
import { signIn, signUp } from "../tests/coming_in";
import { hoursAroundTheClock } from "../tests/lively";
import { asking, browserOf, did, stateOf, told } from "../tests/people";
import { any, filled, words } from "../tests/words";

const { common, messages, settings } = words;
const { dashboard } = words.everyone;
const { privacy } = settings;

test("a copy of everything is made, and holds what its owner wrote and nothing that opens a door", async ({
  browser,
}) => {
  const { page, name, email, password } = await signUp(browser, "PATIENT", "Cora Copy");
  const about = "I keep bees, and would like to worry less.";
  await did(page, "PATCH", "/api/user/profile", { about });
  const { conversationId } = await takenIntoCare(page);
  const said = "The bees were calm today, and so was I.";
  await page.goto(`/messages/${conversationId}`);
  await write(page, said);
  await expect(
    page.getByText(messages.message.sent).or(page.getByText(messages.message.delivered)),
  ).toBeVisible();

  await page.goto("/settings/privacy");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: privacy.exportAction }).click();
  await expect(page.getByText(privacy.exported)).toBeVisible();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^bloom-health-\d{4}-\d\d-\d\d\.json$/);
  const copy = await readFile(await file.path(), "utf8");
  const { data, therapists } = JSON.parse(copy);
  expect(therapists.map((each: { name: string }) => each.name)).toContain("Theo Example");
  for (const own of [name, email, about, said]) expect(copy).toContain(own);
  expect(data.message.map(({ body }: { body: string }) => body)).toEqual([said]);
  const cookies = await page.context().cookies();
  for (const secret of [password, "$2b$", ...cookies.map(({ value }) => value)])
    expect(copy).not.toContain(secret);
  await page.context().close();
});

test("an erasure is asked for with its last word said, ends every session, and can be called off", async ({
  browser,
}) => {
  const { page, email, password } = await signUp(browser, "PATIENT", "Lea Leaving");
  const therapist = await asking(stateOf("THERAPIST"));
  await hoursAroundTheClock(therapist);
  await therapist.dispose();
  const care = await takenIntoCare(page);
  const [slot] = await freeTimes(page, care, 20);
  const { appointment } = await bookAway(page, care, slot as Slot);
  const elsewhere = await (await browserOf(browser, null)).newPage();
  await elsewhere.goto("/sign-in");
  await signIn(elsewhere, email, password);
  await expect(elsewhere).toHaveURL(/\/(dashboard|getting-started)$/);

  await page.goto("/settings/privacy");
  await page.getByRole("button", { name: privacy.erasureAction }).click();
  const asked = page.getByRole("dialog", { name: privacy.erasureTitle });
  await expect(asked.getByText(privacy.erasureConfirmPatient)).toBeVisible();
  await asked.getByRole("button", { name: privacy.erasureNo }).click();
  await expect(asked).toHaveCount(0);
  await page.getByRole("button", { name: privacy.erasureAction }).click();
  await asked.getByRole("button", { name: privacy.erasureYes }).click();

  const done = page.getByRole("dialog", { name: privacy.erasureDone });
  const due = new Intl.DateTimeFormat("en-US", { day: "numeric", month: "short", year: "numeric" });
  const inTwoWeeks = due.format(Date.now() + 14 * 86_400_000);
  await expect(done.getByText(filled(privacy.erasureDoneText, { date: inTwoWeeks }))).toBeVisible();
  await expect(done.getByRole("heading", { name: privacy.keptTitle })).toBeVisible();
  await done.getByRole("button", { name: common.close, exact: true }).last().click();
  await expect(
    page.getByRole("link", { name: common.signIn }).or(page.getByLabel("Email address")).first(),
  ).toBeVisible();
  await expect(elsewhere.getByText(words.everyone.signIn.ended)).toBeVisible();
  await elsewhere.context().close();

  await page.context().close();
  const back = await (await browserOf(browser, null)).newPage();
  await back.goto("/sign-in");
  await signIn(back, email, password);
  await expect(back).toHaveURL(/\/(dashboard|getting-started)$/);
  await expect(back.getByText(filled(dashboard.erasure, { date: inTwoWeeks }))).toBeVisible();
  await back.getByRole("link", { name: dashboard.erasureAction }).click();
  await expect(back.getByText(filled(privacy.scheduled, { date: inTwoWeeks }))).toBeVisible();
  await back.getByRole("button", { name: privacy.cancel }).click();
  await expect(back.getByText(privacy.cancelled)).toBeVisible();
  await back.reload();
  await expect(back.getByRole("button", { name: privacy.erasureAction })).toBeVisible();
  await expect(back.getByText(any(privacy.scheduled))).toHaveCount(0);
  const standing = await told<{ status: string }>(back, `/api/appointments/${appointment.id}`);
  expect(standing.status).toBe("cancelled"); // as both places said beforehand
  await back.context().close();
});
