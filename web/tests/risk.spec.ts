/** Words that carry risk: help for who wrote them, at once, and an alert for who cares, to its end. */
import { expect, test } from "@playwright/test";
import { openConversation, write } from "./chatting";
import { browserOf } from "./people";
import { words } from "./words";

const { alerts, help } = words.messages;

test("help is shown where somebody writes of not wanting to live, and their therapist sees it through", async ({
  browser,
}) => {
  const therapist = await (await browserOf(browser, "THERAPIST")).newPage();
  await therapist.goto("/alerts");
  await expect(therapist.getByText(alerts.noneWaiting)).toBeVisible();
  const patient = await openConversation(browser, "PATIENT");
  const said = "I want to kill myself. I have the pills here and I will take them tonight.";
  await write(patient, said);
  await expect(patient.getByRole("status", { name: help.shown })).toBeVisible();
  await expect(patient.getByRole("status", { name: help.shown }).getByText("988").first()).toBeVisible();

  const alert = therapist.getByRole("article").filter({ hasText: "Pat Example" });
  await expect(alert.getByText(alerts.status.open)).toBeVisible({ timeout: 30_000 });
  await alert.getByRole("button", { name: new RegExp(`^${alerts.open}`) }).click();
  await expect(alert.getByText(said)).toBeVisible();
  await alert.getByRole("button", { name: alerts.acknowledge }).click();
  await expect(alert.getByText(alerts.status.acknowledged, { exact: true })).toBeVisible();
  await alert.getByRole("button", { name: alerts.start }).click();
  await expect(alert.getByText(alerts.status.in_progress)).toBeVisible();
  await alert.getByRole("button", { name: alerts.resolve }).click();
  const how = therapist.getByRole("dialog");
  await how.getByRole("button", { name: alerts.resolve }).click();
  await expect(how.getByText(alerts.noteNeeded)).toBeVisible();
  await how.getByLabel(alerts.outcome).selectOption({ label: alerts.outcomes.safety_plan });
  await how.getByLabel(alerts.note).fill("We spoke at once; her sister is with her, and the pills are not.");
  await how.getByRole("button", { name: alerts.resolve }).click();
  await expect(therapist.getByText(alerts.noneInHand)).toBeVisible();
  await therapist.getByRole("button", { name: alerts.showResolved }).click();
  await expect(therapist.getByRole("article").getByText(alerts.outcomes.safety_plan).first()).toBeVisible();
  await patient.context().close();
  await therapist.context().close();
});
