/** A therapist's way: sign up, send the licence, be verified, accept somebody, hold a session, answer the model. */
import { expect, test } from "@playwright/test";
import { signUp } from "./coming_in";
import { hoursAroundTheClock } from "./lively";
import { asking, did, proven, stateOf, told } from "./people";
import { any, filled, words } from "./words";

const { therapist, messages, settings } = words;

test("a therapist comes in, is verified, accepts, schedules, holds a session and answers the model", async ({
  browser,
}) => {
  const { page, name, email } = await signUp(browser, "THERAPIST", "Thea Thorne");

  await page.goto("/settings/credentials");
  await page.getByLabel(therapist.credentials.number).fill("PSY 40312");
  await page.getByLabel(therapist.credentials.region).fill("California");
  await page.getByLabel(therapist.credentials.expiresOn).fill("2099-12-31");
  await page.getByRole("button", { name: therapist.credentials.send }).click();
  await expect(page.getByText(therapist.credentials.states.pending).first()).toBeVisible();

  type Licences = { items: { therapistId: string; name: string; submittedAt: string }[] };
  const administrator = await asking(stateOf("ADMINISTRATOR"));
  await proven(administrator, "ADMINISTRATOR");
  const licences = await told<Licences>(administrator, "/api/admin/therapists/credentials?status=pending");
  const own = licences.items.find((each) => each.name === name);
  const verdict = { decision: "approve", submittedAt: own?.submittedAt, reason: null };
  await did(administrator, "POST", `/api/admin/therapists/${own?.therapistId}/credentials`, verdict);
  await page.reload();
  await expect(page.getByText(therapist.credentials.states.verified).first()).toBeVisible();
  await page.goto("/settings/security");
  await page
    .getByRole("button", { name: filled(settings.security.accounts.linkNamed, { provider: "Zoom" }) })
    .click();
  await page.getByPlaceholder("another address").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(
    page.getByRole("button", { name: filled(settings.security.accounts.unlinkNamed, { provider: "Zoom" }) }),
  ).toBeVisible();
  await did(page, "PATCH", "/api/user/profile", {
    acceptsNewPatients: true,
    specialties: ["Sleep"],
    languages: ["en"],
  });

  const patient = await asking(stateOf("PATIENT"));
  await did(patient, "POST", `/api/therapists/${own?.therapistId}/connect`, { note: "I sleep badly." });
  await page.goto("/patients");
  await expect(page.getByText("I sleep badly.")).toBeVisible();
  await page.getByRole("button", { name: therapist.patients.accept }).click();
  await expect(
    page.getByText(filled(therapist.patients.accepted, { name: "Pat Example" })).first(),
  ).toBeVisible();

  await page.goto("/availability");
  await expect(page.getByRole("heading", { name: therapist.availability.week })).toBeVisible();
  await hoursAroundTheClock(page.request);
  await page.reload();
  await expect(page.getByText(any(therapist.availability.total)).first()).toBeVisible();
  const now = Date.now();
  const range = `from=${new Date(now).toISOString()}&to=${new Date(now + 3 * 3600_000).toISOString()}`;
  type Slots = { items: { startAt: string; endAt: string }[] };
  const [slot] = (
    await told<Slots>(patient, `/api/therapists/${own?.therapistId}/slots?${range}&timeZone=UTC`)
  ).items;
  const time = { startAt: slot?.startAt, endAt: slot?.endAt };
  await did(patient, "POST", "/api/appointments", { therapistId: own?.therapistId, ...time });

  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/dashboard");
  await expect(page.getByText("Pat Example").first()).toBeVisible();
  await page.getByRole("button", { name: therapist.home.start }).first().click();
  const room = page.getByRole("link", { name: words.room.open });
  await expect(room).toBeVisible({ timeout: 60_000 });
  const [zoom] = await Promise.all([page.context().waitForEvent("page"), room.click()]);
  await expect(zoom.getByRole("heading", { name: "You are the host" })).toBeVisible();
  await zoom.getByRole("button", { name: "start" }).click();
  await expect(async () => {
    await page.reload(); // the list is asked for anew once a minute
    await expect(page.getByText(therapist.home.statuses.in_session)).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  await zoom.getByRole("button", { name: "end" }).click();
  await zoom.close();
  // A page behind another that has just closed may never answer a change of its size.
  const desk = await page.context().newPage();

  type Conversations = { items: { id: string; members: { name: string }[] }[] };
  const [conversation] = (await told<Conversations>(desk, "/api/conversations")).items;
  await did(patient, "POST", "/api/messages", {
    conversationId: conversation?.id,
    body: "My heart races before every meeting and I cannot stop worrying.",
    clientId: crypto.randomUUID(),
  });
  await desk.goto(`/messages/${conversation?.id}`);
  await desk.getByRole("button", { name: messages.analysis.right, exact: true }).click();
  await expect(desk.getByText(messages.analysis.agreed)).toBeVisible();
  await page.context().close();
  for (const each of [patient, administrator]) await each.dispose();
});
