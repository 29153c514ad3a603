/** A patient's way: sign up, tell of oneself, ask a therapist, book, join, write. */
import { expect, test } from "@playwright/test";
import { signUp } from "./coming_in";
import { hoursAroundTheClock } from "./lively";
import { asking, did, stateOf, told } from "./people";
import { any, filled, words } from "./words";

const { patient, room, settings, messages } = words;
const THERAPIST = "Theo Example";

test("a patient comes in, is taken into care, books, joins and writes", async ({ browser }) => {
  const therapist = await asking(stateOf("THERAPIST"));
  await hoursAroundTheClock(therapist);
  const { page, name } = await signUp(browser, "PATIENT", "Robin Rivers");

  await page.goto("/settings/privacy");
  await did(page, "PUT", "/api/user/consents", {
    telehealth: { given: true, version: "1" },
    messageAnalysis: { given: true, version: "1" },
  });
  await page.goto("/settings/profile");
  await page.getByLabel(settings.profile.aboutField).fill("I draw birds, and would like to sleep better.");
  await page.getByRole("button", { name: settings.profile.save }).click();
  await expect(page.getByText(settings.profile.saved)).toBeVisible();

  await page.goto("/therapists");
  const card = page.getByRole("article").filter({ hasText: THERAPIST });
  await card.getByRole("button", { name: patient.connect.ask }).click();
  await page.getByLabel(patient.connect.note).fill("Evenings are hardest.");
  await page.getByRole("button", { name: patient.connect.send }).click();
  await expect(page.getByText(filled(patient.connect.asked, { name: THERAPIST })).first()).toBeVisible();

  type Asked = { items: { id: string; patient: { name: string } }[] };
  const asked = await told<Asked>(therapist, "/api/care-relationships?status=requested");
  const care = asked.items.find((each) => each.patient.name === name);
  await did(therapist, "PATCH", `/api/care-relationships/${care?.id}`, { status: "accepted" });

  await page.goto("/therapists");
  await page.getByRole("link", { name: patient.care.book }).first().click();
  await page
    .getByRole("group", { name: patient.week.label })
    .or(page.getByLabel(patient.week.label))
    .locator("time")
    .first()
    .click();
  await page.getByRole("button", { name: patient.book.confirm }).click();
  await expect(page.getByText(patient.book.booked)).toBeVisible();

  const [booked] = (await told<{ items: { id: string }[] }>(page, "/api/appointments")).items;
  await page.setViewportSize({ width: 390, height: 844 }); // a phone, which gets a link to the room
  await page.goto(`/appointments/${booked?.id}`);
  await page.getByRole("button", { name: patient.join.enter }).click();
  await expect(page.getByRole("link", { name: room.open })).toBeVisible({ timeout: 60_000 });

  await page.goto("/messages");
  await page
    .getByRole("link", { name: any(THERAPIST) })
    .first()
    .click();
  await page.getByLabel(messages.composer.label, { exact: true }).fill("Thank you for having me.");
  await page.getByLabel(messages.composer.label, { exact: true }).press("Enter");
  await expect(page.getByText("Thank you for having me.")).toBeVisible();
  await expect(
    page.getByText(messages.message.sent).or(page.getByText(messages.message.delivered)).last(),
  ).toBeVisible();
  await page.context().close();
  await therapist.dispose();
});
