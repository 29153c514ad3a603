/** What is rare in care: a record opened for a reason, which its patient sees; and care that ends. */
import { expect, test } from "@playwright/test";
import { browserOf, did, newcomer, passwordOf, stateOf, told } from "../tests/people";
import { filled, words } from "../tests/words";

const { admin, common, messages, settings, therapist } = words;

test("a record is opened for a reason and closed again, and its patient sees both", async ({ browser }) => {
  const context = await browserOf(browser, "ADMINISTRATOR");
  const page = await context.newPage();
  const { breakGlass } = admin;
  await page.goto("/admin/break-glass");
  await page.getByRole("button", { name: breakGlass.ask }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(breakGlass.find).fill("Pat Example");
  await dialog.getByRole("button", { name: breakGlass.search }).click();
  await dialog.getByRole("button", { name: /Pat Example/ }).click();
  await dialog.getByLabel(breakGlass.reasonCode).selectOption({ label: breakGlass.reasons.complaint });
  await dialog.getByLabel(breakGlass.why).fill("short");
  await dialog.getByRole("button", { name: breakGlass.open }).click();
  await expect(dialog.getByText(breakGlass.whyShort)).toBeVisible();
  await dialog.getByLabel(breakGlass.why).fill("They complained that an appointment was lost.");
  await dialog.getByRole("button", { name: breakGlass.open }).click();
  const proof = page.getByRole("dialog").filter({ hasText: common.stepUp.why });
  const opened = page.getByRole("button", { name: breakGlass.read });
  await expect(proof.or(opened).first()).toBeVisible();
  if (await proof.isVisible()) {
    await proof.getByLabel(common.stepUp.password).fill(passwordOf("ADMINISTRATOR"));
    await proof.getByLabel(common.stepUp.password).press("Enter");
  }
  await opened.click();
  await expect(
    page.getByRole("heading", { name: filled(breakGlass.record.title, { name: "Pat Example" }) }),
  ).toBeVisible();
  await page.getByRole("button", { name: breakGlass.record.back }).click();
  await page.getByRole("button", { name: breakGlass.end }).click();
  await expect(page.getByText(breakGlass.states["awaiting-review"])).toBeVisible();
  await context.storageState({ path: stateOf("ADMINISTRATOR") }); // a proof renews the token
  await context.close();

  const patient = await (await browserOf(browser, "PATIENT")).newPage();
  await patient.goto("/settings/privacy");
  await patient.getByRole("button", { name: settings.privacy.logOpen }).click();
  await expect(patient.getByText(/opened your record for a reason/).first()).toBeVisible();
  await patient.context().close();
});

test("care ends only when it was talked about, and what was written stays to be read", async ({
  browser,
}) => {
  const patient = await newcomer("PATIENT", "Emil Ender");
  const page = await (await browserOf(browser, "THERAPIST")).newPage();
  const { user } = await told<{ user: { id: string } }>(page, "/api/auth/session");
  await did(page, "PATCH", "/api/user/profile", { acceptsNewPatients: true });
  await did(patient, "POST", `/api/therapists/${user.id}/connect`, { note: "For a while." });
  await page.goto("/patients");
  const request = page.getByRole("listitem").filter({ hasText: "Emil Ender" });
  await request.getByRole("button", { name: therapist.patients.accept }).click();
  await expect(
    page.getByText(filled(therapist.patients.accepted, { name: "Emil Ender" })).first(),
  ).toBeVisible();
  type Conversations = { items: { id: string }[] };
  const [conversation] = (await told<Conversations>(patient, "/api/conversations")).items;
  await did(patient, "POST", "/api/messages", {
    conversationId: conversation?.id,
    body: "Thank you for taking me.",
    clientId: crypto.randomUUID(),
  });

  const state = await patient.storageState();
  const reader = await (await browserOf(browser, null, { storageState: state })).newPage();
  await reader.goto(`/messages/${conversation?.id}`);
  await expect(reader.getByLabel(messages.composer.label, { exact: true })).toBeVisible();

  await page.getByRole("button", { name: filled(therapist.patients.endOf, { name: "Emil Ender" }) }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: therapist.patients.end }).click();
  await expect(dialog.getByText(therapist.patients.endTickNeeded)).toBeVisible();
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: therapist.patients.end }).click();
  await expect(
    page.getByText(filled(therapist.patients.ended, { name: "Emil Ender" })).first(),
  ).toBeVisible();

  await expect(reader.getByText("Thank you for taking me.").first()).toBeVisible();
  await expect(reader.getByText(messages.thread.closedTitle)).toBeVisible(); // told as it happens
  await expect(reader.getByLabel(messages.composer.label, { exact: true })).toHaveCount(0);
  await reader.context().close();
  await page.context().close();
  await patient.dispose();
});
