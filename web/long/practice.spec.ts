/** A therapist's rarer work: an alert passed on, the review queue, a licence that was not accepted at first. */
import { randomUUID } from "node:crypto";
import { type APIRequestContext, expect, test } from "@playwright/test";
import { newPatient, pageOf, takenIntoCare, verifiedTherapist } from "../tests/caring";
import { asking, did, newcomer, proven, stateOf, told } from "../tests/people";
import { filled, words } from "../tests/words";

const { alerts, analysis, label, review } = words.messages;
const { credentials } = words.therapist;

const say = (patient: APIRequestContext, conversationId: string, body: string) =>
  did<{ message: { id: string } }>(patient, "POST", "/api/messages", {
    conversationId,
    body,
    clientId: randomUUID(),
  });

/** The list of those on call, as an administrator changes it. */
async function onCall(administrator: APIRequestContext, therapistIds: string[]): Promise<void> {
  const { revision } = await told<{ revision: string }>(administrator, "/api/alerts/on-call");
  const entries = therapistIds.map((therapistId) => ({ therapistId }));
  await did(administrator, "PUT", "/api/alerts/on-call", { revision, entries });
}

test("an alert is passed on by hand, and who is first on call sees its words and takes it", async ({
  browser,
}) => {
  const own = await verifiedTherapist("Elsa Escalates");
  const colleague = await verifiedTherapist("Cato Covers");
  const { user } = await told<{ user: { id: string } }>(colleague, "/api/auth/session");
  const administrator = await asking(stateOf("ADMINISTRATOR"));
  await onCall(administrator, [user.id]);
  const patient = await newPatient("Ada Alarm");
  const { conversationId } = await takenIntoCare(patient, own);
  const said = "I want to kill myself tonight.";
  await say(patient, conversationId, said);

  const covering = await pageOf(browser, colleague);
  await covering.goto("/alerts");
  await expect(covering.getByRole("heading", { name: alerts.title })).toBeVisible();
  await expect(covering.getByText("Ada Alarm")).toHaveCount(0); // not theirs yet: no name, no words
  const page = await pageOf(browser, own);
  await page.goto("/alerts");
  const alert = page.getByRole("article").filter({ hasText: "Ada Alarm" });
  await alert.getByRole("button", { name: new RegExp(`^${alerts.open}`) }).click();
  await alert.getByRole("button", { name: alerts.escalate }).click();
  const sure = page.getByRole("dialog", { name: alerts.escalateTitle });
  await expect(sure.getByText(alerts.escalateWhy)).toBeVisible();
  await sure.getByRole("button", { name: alerts.escalate }).click();
  await expect(sure).toHaveCount(0);
  await expect(alert.getByText(/everybody on call is asked/)).toBeVisible();

  const taken = covering.getByRole("article").filter({ hasText: "Ada Alarm" });
  await expect(taken.getByText(filled(alerts.covering, { name: "Elsa Escalates" }))).toBeVisible({
    timeout: 30_000,
  });
  await taken.getByRole("button", { name: new RegExp(`^${alerts.open}`) }).click();
  await expect(taken.getByText(said)).toBeVisible();
  await taken.getByRole("button", { name: alerts.acknowledge }).click();
  await expect(taken.getByText(alerts.status.acknowledged, { exact: true })).toBeVisible();
  const inHand = covering.getByRole("region", { name: alerts.inHand });
  await inHand.getByRole("link", { name: alerts.conversation }).click();
  await expect(
    covering.getByText(filled(words.messages.covering.own, { name: "Elsa Escalates" })),
  ).toBeVisible();
  await expect(alert.getByText(new RegExp(filled(alerts.answeredBy, { name: "Cato Covers" })))).toBeVisible({
    timeout: 30_000,
  });
  await onCall(administrator, []);
  await page.context().close();
  await covering.context().close();
  for (const each of [own, colleague, administrator, patient]) await each.dispose();
});

test("what the model was unsure of is answered with one press each", async ({ browser }) => {
  const therapist = await verifiedTherapist("Rhea Reviews");
  const patient = await newPatient("Quinn Queued");
  const { conversationId } = await takenIntoCare(patient, therapist);
  const texts = ["My nights of this week.", "The bees were calm today, and so was I."];
  for (const body of texts) await say(patient, conversationId, body);
  type Queue = { items: { body: string; label: string }[] };
  await expect
    .poll(async () => (await told<Queue>(therapist, "/api/ml/review-queue")).items.length, {
      timeout: 30_000,
    })
    .toBe(2);
  const page = await pageOf(browser, therapist);
  await page.goto("/review");
  await expect(page.getByText(filled(review.progress, { done: "0", all: "2" }))).toBeVisible();
  await expect(page.getByText("Quinn Queued")).toHaveCount(0); // no names are shown
  const card = page.getByRole("region", { name: review.written });
  const [first] = (await told<Queue>(therapist, "/api/ml/review-queue")).items;
  await expect(card.getByText(first?.body ?? "")).toBeVisible();
  await card.getByRole("button", { name: review.right, exact: true }).click();
  await expect(page.getByText(filled(review.progress, { done: "1", all: "2" }))).toBeVisible();
  await card.press("6"); // by the key of the card: Stress
  await expect(page.getByText(review.done)).toBeVisible();
  await page.goto(`/messages/${conversationId}`);
  await expect(page.getByText(analysis.agreed)).toBeVisible();
  await expect(page.getByText(filled(analysis.corrected, { label: label.Stress }))).toBeVisible();
  await page.context().close();
  for (const each of [therapist, patient]) await each.dispose();
});

test("a licence that was not accepted says why, and is sent again", async ({ browser }) => {
  const therapist = await newcomer("THERAPIST", "Lars Licence");
  const page = await pageOf(browser, therapist);
  await page.goto("/settings/credentials");
  await page.getByRole("button", { name: credentials.send }).click();
  for (const fault of [credentials.numberWrong, credentials.regionWrong, credentials.expiresWrong])
    await expect(page.getByText(fault)).toBeVisible();
  const fill = async (number: string) => {
    await page.getByLabel(credentials.number).fill(number);
    await page.getByLabel(credentials.region).fill("California");
    await page.getByLabel(credentials.expiresOn).fill("2099-12-31");
    await page.getByRole("button", { name: credentials.send }).click();
    await expect(page.getByText(credentials.sent)).toBeVisible();
  };
  await fill("PSY 11111");
  const administrator = await asking(stateOf("ADMINISTRATOR"));
  await proven(administrator, "ADMINISTRATOR");
  type Licences = { items: { therapistId: string; name: string; submittedAt: string }[] };
  const path = "/api/admin/therapists/credentials";
  const { items } = await told<Licences>(administrator, `${path}?status=pending&limit=200`);
  const sent = items.find(({ name }) => name === "Lars Licence");
  const reason = "The register knows this number under another name.";
  await did(administrator, "POST", `/api/admin/therapists/${sent?.therapistId}/credentials`, {
    decision: "reject",
    submittedAt: sent?.submittedAt,
    reason,
  });
  await page.reload();
  await expect(page.getByText(reason)).toBeVisible();
  await fill("PSY 11112");
  await expect(page.getByText(credentials.states.pending).first()).toBeVisible();
  await expect(page.getByText(reason)).toHaveCount(0);
  await page.context().close();
  for (const each of [therapist, administrator]) await each.dispose();
});
