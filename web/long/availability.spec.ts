/** A therapist's hours: set by keyboard and mouse, seen by a patient as times, and guarded against a second window. */
import { expect, type Locator, type Page, test } from "@playwright/test";
import {
  bookAway,
  dayAfter,
  freeTimes,
  newPatient,
  oneTimeAlone,
  pageOf,
  type Slot,
  takenIntoCare,
  verifiedTherapist,
} from "../tests/caring";
import { did, told } from "../tests/people";
import { filled, words } from "../tests/words";

const { availability } = words.therapist;
const { week } = words.patient;
const PATH = "/api/appointments/availability";
const HOUR_PX = 44;

/** Days from now until the next Monday, at least one. */
function untilMonday(): number {
  const ahead = [1, 2, 3, 4, 5, 6, 7];
  return ahead.find((days) => new Date(`${dayAfter(days)}T12:00:00Z`).getUTCDay() === 1) ?? 7;
}

const named = (day: string, style: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat("en-US", { ...style, timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));

/** An instant by the clock of the practice. */
const inPractice = (instant: string) =>
  new Intl.DateTimeFormat("en-US", { timeZone: "America/Los_Angeles", timeStyle: "short" })
    .format(new Date(instant))
    .replace("\u202f", " ");

/** The times of one day, as the page of free times has them. */
function timesOf(page: Page, day: string): Locator {
  const heading = named(day, { weekday: "short", day: "numeric", month: "short" });
  return page
    .getByRole("list", { name: week.label })
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name: heading, exact: true }) })
    .locator("time");
}

/** Draw with the mouse in a day's column, from one hour to another; the first hour that it shows is given. */
async function draw(page: Page, day: string, from: number, to: number, first: number) {
  const ground = page.getByRole("region", { name: day }).locator("> div").last();
  await ground.scrollIntoViewIfNeeded();
  const box = await ground.boundingBox();
  const x = (box?.x ?? 0) + (box?.width ?? 0) / 2;
  const y = (hour: number) => (box?.y ?? 0) + (hour - first) * HOUR_PX;
  await page.mouse.move(x, y(from));
  await page.mouse.down();
  await page.mouse.move(x, y(to), { steps: 6 });
  await page.mouse.up();
}

test("hours set by keyboard and mouse, a day off and a pause between sessions are what a patient can book", async ({
  browser,
}) => {
  const therapist = await verifiedTherapist("Ava Available");
  const page = await pageOf(browser, therapist);
  await page.goto("/availability");
  // Who never chose a zone draws by their own clock.
  await expect(page.getByText(filled(availability.zoneIs, { zone: "Pacific Time" }))).toBeVisible();

  await page.getByRole("button", { name: filled(availability.addOn, { day: "Monday" }) }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: availability.dialog.apply }).press("Enter");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  const monday = page.getByRole("region", { name: "Monday" }).getByRole("listitem").getByRole("button");
  await expect(monday).toHaveAccessibleName("Monday, 9:00 AM to 12:00 PM");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Shift+ArrowDown"])
    await monday.press(key);
  await expect(monday).toHaveAccessibleName("Monday, 10:00 AM to 1:15 PM");
  await draw(page, "Wednesday", 13, 15, 8);
  const wednesday = page.getByRole("region", { name: "Wednesday" }).getByRole("listitem").getByRole("button");
  await expect(wednesday).toHaveAccessibleName("Wednesday, 1:00 PM to 3:00 PM");

  const off = dayAfter(untilMonday());
  const open = dayAfter(untilMonday() + 7);
  const calendar = page.getByRole("table");
  const offNamed = named(off, { weekday: "long", day: "numeric", month: "long" });
  if (!(await calendar.locator(`[data-day="${off}"]`).isVisible()))
    await page.getByRole("button", { name: availability.next }).click();
  await calendar.locator(`[data-day="${off}"]`).click();
  const dialog = page.getByRole("dialog", { name: offNamed });
  const isOff = `${availability.dayDialog.off} ${availability.dayDialog.offHint}`;
  await dialog.getByRole("radio", { name: isOff }).check();
  await dialog.getByRole("button", { name: availability.dialog.apply }).click();
  await expect(
    page.getByRole("button", { name: filled(availability.changeOf, { day: offNamed }) }),
  ).toBeVisible();
  await page.getByLabel(availability.session).selectOption("30");
  await page.getByLabel(availability.step).selectOption("30");
  await page.getByLabel(availability.bufferAfter).selectOption("30");
  await page.getByRole("button", { name: availability.saveAll }).click();
  await expect(page.getByText(availability.savedWords)).toBeVisible();
  await expect(page.getByText(availability.unsaved)).toHaveCount(0);

  const patient = await newPatient("Pia Picks");
  const care = await takenIntoCare(patient, therapist);
  const free = await pageOf(browser, patient);
  await free.goto(`/therapists/${care.therapistId}/book?slot=${off}T20:00:00Z`);
  await expect(timesOf(free, dayAfter(untilMonday() + 2)).first()).toHaveText("1:00 PM");
  await expect(timesOf(free, off)).toHaveCount(0);
  await free.getByRole("button", { name: week.later }).click();
  const all = ["10:00 AM", "10:30 AM", "11:00 AM", "11:30 AM", "12:00 PM", "12:30 PM"];
  await expect(timesOf(free, open)).toHaveText(all);
  const slots = await freeTimes(patient, care, untilMonday() + 6);
  const eleven = slots.find(({ startAt }) => inPractice(startAt) === "11:00 AM");
  await bookAway(patient, care, eleven as Slot);
  await free.reload();
  await free.getByRole("button", { name: week.later }).click();
  // The pause after each session takes the times around it, too.
  await expect(timesOf(free, open)).toHaveText(["10:00 AM", "12:00 PM", "12:30 PM"]);
  await free.context().close();
  await page.context().close();
  for (const each of [patient, therapist]) await each.dispose();
});

test("hours that another window changed are not overwritten unasked", async ({ browser }) => {
  const therapist = await verifiedTherapist("Avi Available");
  await oneTimeAlone(therapist, 9);
  const page = await pageOf(browser, therapist);
  await page.goto("/availability");
  const change = async (minutes: string) => {
    await page.getByLabel(availability.session).selectOption(minutes);
    await page.getByRole("button", { name: availability.saveAll }).click();
  };
  const elsewhere = async (daily: number) => {
    const { version: _, ...standing } = await told<{ version: number }>(therapist, PATH);
    await did(therapist, "PUT", PATH, { ...standing, dailyMaximum: daily });
  };
  const kept = () => told<{ sessionMinutes: number; dailyMaximum: number | null }>(therapist, PATH);
  await expect(page.getByLabel(availability.session)).toHaveValue("30");
  await elsewhere(3);
  await change("45");
  const dialog = page.getByRole("dialog", { name: availability.overtakenTitle });
  await dialog.getByRole("button", { name: availability.takeTheirs }).click();
  await expect(page.getByLabel(availability.session)).toHaveValue("30");
  await expect(page.getByLabel(availability.daily)).toHaveValue("3");
  expect(await kept()).toMatchObject({ sessionMinutes: 30, dailyMaximum: 3 });

  await elsewhere(4);
  await change("60");
  await dialog.getByRole("button", { name: availability.keepMine }).click();
  await expect(page.getByText(availability.savedWords)).toBeVisible();
  await expect(dialog).toHaveCount(0);
  expect(await kept()).toMatchObject({ sessionMinutes: 60, dailyMaximum: 3 });
  await page.context().close();
  await therapist.dispose();
});
