/** Booking as it goes when others book as well: a time taken meanwhile, a series, a time offered from the waiting list. */
import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import { seriesOf } from "../src/pages/patient/booking/repeating";
import {
  bookAway,
  freeTimes,
  newPatient,
  oneTimeAlone,
  pageOf,
  patientInCare,
  type Slot,
  takenIntoCare,
  verifiedTherapist,
} from "../tests/caring";
import { hoursAroundTheClock } from "../tests/lively";
import { asking, did, stateOf } from "../tests/people";
import { filled, words } from "../tests/words";

const { appointment, appointments, book, home, offer, refused, repeat, series, wait, week } = words.patient;
const THERAPIST = "Theo Example";
const ZONE = "America/Los_Angeles";

test.beforeAll(async () => {
  const therapist = await asking(stateOf("THERAPIST"));
  await hoursAroundTheClock(therapist);
  await therapist.dispose();
});

const timeOf = (page: Page, { startAt }: Slot) =>
  page.getByRole("list", { name: week.label }).locator(`time[datetime="${startAt}"]`);

test("a time that somebody else took is said kindly, others near it are offered, and both clocks are shown", async ({
  browser,
}) => {
  const other = await newPatient("Olga Other");
  const care = await takenIntoCare(other);
  const patient = await newPatient("Nora Newyork");
  await takenIntoCare(patient);
  const page = await pageOf(browser, patient, { timezoneId: "America/New_York" });
  const [slot, next] = await freeTimes(page, care, 2);
  await page.goto(`/therapists/${care.therapistId}/book?slot=${slot?.startAt}`);
  await expect(timeOf(page, slot as Slot)).toBeVisible();
  await bookAway(other, care, slot as Slot);
  await timeOf(page, slot as Slot).click();
  await expect(page.getByText(/^Somebody was a moment faster/)).toBeVisible();
  await expect(page.getByText(refused.near)).toBeVisible();
  await expect(timeOf(page, slot as Slot)).toHaveCount(0);

  const near = page.getByRole("main").locator("li time").first();
  const chosen = await near.getAttribute("datetime");
  expect(Math.abs(Date.parse(chosen ?? "") - Date.parse(next?.startAt ?? ""))).toBeLessThan(6 * 3_600_000);
  await near.click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Eastern Time", { exact: true })).toBeVisible();
  await expect(dialog.getByText(/^For Theo Example that is .*, Pacific Time\.$/)).toBeVisible();
  await dialog.getByRole("button", { name: book.confirm }).click();
  await expect(page.getByText(book.booked)).toBeVisible();
  await expect(page.getByText(/^For Theo Example that is .*, Pacific Time\.$/)).toBeVisible();

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: appointment.calendar }).click();
  const calendar = await readFile(await (await download).path(), "utf8");
  const compact = (instant: string) => instant.replaceAll(/[-:]|\.\d+/g, "");
  expect(calendar).toContain(`DTSTART:${compact(chosen ?? "")}`);
  expect(calendar.toLowerCase()).not.toContain("anxiety");
  await page.context().close();
  for (const each of [other, patient]) await each.dispose();
});

test("a series says which of its times is not free, and is booked where all are", async ({ browser }) => {
  const other = await newPatient("Oskar Other");
  const care = await takenIntoCare(other);
  const { page } = await patientInCare(browser, "Sina Series");
  const weekLater = new Set((await freeTimes(page, care, 9)).map(({ startAt }) => Date.parse(startAt)));
  const secondOf = (slot: Slot) => seriesOf(slot, { occurrences: 2, intervalWeeks: 1 }, ZONE)[1] as Slot;
  const both = (await freeTimes(page, care, 2)).filter((each) =>
    weekLater.has(Date.parse(secondOf(each).startAt)),
  );
  const [slot] = both;
  const free = both.find(({ startAt }) => Date.parse(startAt) >= Date.parse(slot?.endAt ?? ""));
  await bookAway(other, care, secondOf(slot as Slot));
  await page.goto(`/therapists/${care.therapistId}/book?slot=${slot?.startAt}`);
  await page.getByLabel(repeat.label).selectOption({ label: repeat.weekly });
  await page.getByLabel(repeat.times).selectOption("2");
  await timeOf(page, slot as Slot).click();
  const dialog = page.getByRole("dialog", { name: filled(series.title, { name: THERAPIST }) });
  await expect(dialog.getByRole("listitem")).toHaveCount(2);
  await dialog.getByRole("button", { name: filled(series.book_other, { count: "2" }) }).click();
  await expect(dialog.getByRole("listitem").nth(1)).toContainText(series.notFree);
  await expect(dialog.getByRole("listitem").first()).not.toContainText(series.notFree);
  await expect(dialog.getByText(words.patient.problem["series-not-free"])).toBeVisible();
  await dialog.getByRole("button", { name: book.another }).click();
  await timeOf(page, free as Slot).click();
  await dialog.getByRole("button", { name: filled(series.book_other, { count: "2" }) }).click();
  await expect(page.getByText(filled(series.booked_other, { count: "2" }))).toBeVisible();
  await expect(page).toHaveURL(/\/appointments$/);
  await expect(page.getByText(appointments.ofSeries)).toHaveCount(2);
  await page.context().close();
  await other.dispose();
});

test("a time that becomes free is offered to who waits for it, and one press books it", async ({
  browser,
}) => {
  const therapist = await verifiedTherapist("Tomo Timeless");
  await oneTimeAlone(therapist, 4);
  const other = await newPatient("Orla Other");
  const patient = await newPatient("Wanda Waits");
  const care = await takenIntoCare(other, therapist);
  await takenIntoCare(patient, therapist);
  const page = await pageOf(browser, patient);
  const [slot] = await freeTimes(page, care, 3.5);
  const { appointment: taken } = await bookAway(other, care, slot as Slot);
  await page.goto(`/therapists/${care.therapistId}/book`);
  await expect(page.getByText(week.noneFree)).toBeVisible();
  await page.getByRole("button", { name: wait.join }).click();
  await page.getByRole("dialog").getByRole("button", { name: wait.go }).click();
  await expect(page.getByText(filled(wait.waits, { name: "Tomo Timeless" }))).toBeVisible();
  await did(other, "POST", `/api/appointments/${taken.id}/cancel`, {
    reason: "patient_request",
    version: taken.version,
  });
  await expect(async () => {
    await page.goto("/dashboard"); // what is offered is asked for anew once a minute
    await expect(page.getByRole("heading", { name: offer.title })).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: 60_000 });
  const offered = await page
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: offer.title }) })
    .locator("time")
    .getAttribute("datetime");
  expect(Date.parse(offered ?? "")).toBe(Date.parse(slot?.startAt ?? ""));
  await page.getByRole("button", { name: offer.accept }).click();
  await expect(page.getByText(book.booked)).toBeVisible();
  await page.goto("/dashboard");
  await expect(
    page.getByRole("link", { name: filled(home.nextWith, { name: "Tomo Timeless" }) }),
  ).toBeVisible();
  await page.goto(`/therapists/${care.therapistId}/book`);
  await expect(page.getByRole("button", { name: wait.join })).toBeVisible(); // they wait no more
  await page.context().close();
  for (const each of [therapist, other, patient]) await each.dispose();
});
