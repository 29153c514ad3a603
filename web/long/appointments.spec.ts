/** What becomes of an appointment that was booked: its therapist moves it, and it is called off late. */
import { expect, test } from "@playwright/test";
import { takenIntoCare } from "../tests/caring";
import { hoursAroundTheClock } from "../tests/lively";
import { browserOf, did, newcomer, told } from "../tests/people";
import { words } from "../tests/words";

const { appointment, calledOff, cancel, move, week } = words.patient;

interface Slot {
  startAt: string;
  endAt: string;
}

test("an appointment is moved by its therapist and called off late by its patient, and both are told what was", async ({
  browser,
}) => {
  const desk = await (await browserOf(browser, "THERAPIST")).newPage();
  await hoursAroundTheClock(desk.request);
  const patient = await newcomer("PATIENT", "Mona Moved");
  const { therapistId } = await takenIntoCare(patient);
  const from = new Date(Date.now() + 2 * 3600_000);
  const range = `from=${from.toISOString()}&to=${new Date(from.getTime() + 3600_000).toISOString()}`;
  const [slot] = (
    await told<{ items: Slot[] }>(patient, `/api/therapists/${therapistId}/slots?${range}&timeZone=UTC`)
  ).items;
  const booked = await did<{ appointment: { id: string } }>(patient, "POST", "/api/appointments", {
    therapistId,
    startAt: slot?.startAt,
    endAt: slot?.endAt,
  });

  const { id } = booked.appointment;
  await desk.goto(`/appointments/${id}`);
  await desk.getByRole("link", { name: appointment.move }).click();
  await desk
    .getByRole("group", { name: week.label })
    .or(desk.getByLabel(week.label))
    .locator("time")
    .first()
    .click();
  await desk.getByRole("dialog").getByRole("button", { name: move.go }).click();
  await expect(desk.getByText(move.done).first()).toBeVisible();
  await expect(desk).toHaveURL(new RegExp(`/appointments/${id}$`));

  const context = await browserOf(browser, null, { storageState: await patient.storageState() });
  const page = await context.newPage();
  await page.goto(`/appointments/${id}`);
  await expect(page.getByText(/^Moved by the therapist from/)).toBeVisible();
  const calendar = page.waitForEvent("download");
  await page.getByRole("link", { name: appointment.calendar }).click();
  expect((await calendar).suggestedFilename()).toMatch(/\.ics$/);
  await page.getByRole("button", { name: appointment.cancel }).click();
  await expect(page.getByRole("dialog").getByText(cancel.late)).toBeVisible();
  await page.getByRole("dialog").getByLabel(cancel.reason).selectOption({ label: cancel.patient.illness });
  await page.getByRole("dialog").getByRole("button", { name: cancel.go }).click();
  await expect(page.getByText(cancel.done).first()).toBeVisible();
  await expect(page.getByText(calledOff.late)).toBeVisible();

  await desk.reload();
  await expect(desk.getByText(/^The patient called this off on/)).toBeVisible();
  await expect(desk.getByText(calledOff.late)).toBeVisible();
  await expect(desk.getByRole("button", { name: appointment.cancel })).toHaveCount(0);
  await context.close();
  await desk.context().close();
  await patient.dispose();
});
