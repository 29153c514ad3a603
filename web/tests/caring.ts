/** Somebody new in the care of the seeded therapist, made through the API: for tests of what comes after. */
import type { APIRequestContext, Browser, Page } from "@playwright/test";
import { asking, browserOf, did, newcomer, proven, stateOf, told } from "./people";

export interface Care {
  therapistId: string;
  conversationId: string;
}

export interface Slot {
  startAt: string;
  endAt: string;
}

/** Take this patient into the seeded therapist's care, or into that of this one. */
export async function takenIntoCare(
  patient: APIRequestContext | Page,
  therapist?: APIRequestContext,
): Promise<Care> {
  const desk = therapist ?? (await asking(stateOf("THERAPIST")));
  await did(desk, "PATCH", "/api/user/profile", { acceptsNewPatients: true });
  const { user } = await told<{ user: { id: string } }>(desk, "/api/auth/session");
  const care = await did<{ id: string }>(patient, "POST", `/api/therapists/${user.id}/connect`, {
    note: null,
  });
  await did(desk, "PATCH", `/api/care-relationships/${care.id}`, { status: "accepted" });
  if (!therapist) await desk.dispose();
  const { items } = await told<{ items: { id: string }[] }>(patient, "/api/conversations");
  return { therapistId: user.id, conversationId: items[0]?.id ?? "" };
}

/** A new therapist whose licence an administrator has looked at. */
export async function verifiedTherapist(name: string): Promise<APIRequestContext> {
  const therapist = await newcomer("THERAPIST", name);
  const licence = { licenceNumber: "PSY 30117", region: "California", expiresOn: "2099-12-31" };
  await did(therapist, "POST", "/api/user/credentials", licence);
  const administrator = await asking(stateOf("ADMINISTRATOR"));
  await proven(administrator, "ADMINISTRATOR");
  type Licences = { items: { therapistId: string; name: string; submittedAt: string }[] };
  const { items } = await told<Licences>(
    administrator,
    "/api/admin/therapists/credentials?status=pending&limit=200",
  );
  const own = items.find((each) => each.name === name);
  const verdict = { decision: "approve", submittedAt: own?.submittedAt, reason: null };
  await did(administrator, "POST", `/api/admin/therapists/${own?.therapistId}/credentials`, verdict);
  await administrator.dispose();
  return therapist;
}

/** The day after so many days, in the time zone of the seeded people. */
export const dayAfter = (days: number) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: "America/Los_Angeles" }).format(
    Date.now() + days * 86_400_000,
  );

/** A therapist's hours: one single time, half an hour long, on the day after so many days. */
export async function oneTimeAlone(therapist: APIRequestContext, days: number): Promise<void> {
  const path = "/api/appointments/availability";
  const { revision } = await told<{ revision: string }>(therapist, path);
  await did(therapist, "PUT", path, {
    timeZone: "America/Los_Angeles",
    rules: [],
    exceptions: [{ date: dayAfter(days), available: true, start: "10:00", end: "10:30" }],
    sessionMinutes: 30,
    stepMinutes: 30,
    bufferAfterMinutes: 0,
    revision,
  });
}

/** A new patient who has agreed to what patients are asked to agree to. */
export async function newPatient(name: string): Promise<APIRequestContext> {
  const patient = await newcomer("PATIENT", name);
  const agreed = { given: true, version: "1" };
  const consents = { terms: agreed, telehealth: agreed, messageAnalysis: agreed };
  await did(patient, "PUT", "/api/user/consents", consents);
  return patient;
}

/** A new patient in care, signed in on a page of their own that shows nothing yet. */
export async function patientInCare(browser: Browser, name: string): Promise<Care & { page: Page }> {
  const patient = await newPatient(name);
  const care = await takenIntoCare(patient);
  const page = await pageOf(browser, patient);
  await patient.dispose();
  return { ...care, page };
}

/** A browser of somebody who signed in through the API. */
export async function pageOf(
  browser: Browser,
  who: APIRequestContext,
  options: Parameters<typeof browserOf>[2] = {},
): Promise<Page> {
  const storageState = await who.storageState();
  return (await browserOf(browser, null, { storageState, ...options })).newPage();
}

/** What is free in the two days that begin after so many days. */
export async function freeTimes(patient: APIRequestContext | Page, { therapistId }: Care, days: number) {
  const from = Date.now() + days * 86_400_000;
  const range = `from=${new Date(from).toISOString()}&to=${new Date(from + 2 * 86_400_000).toISOString()}`;
  const path = `/api/therapists/${therapistId}/slots?${range}&timeZone=UTC`;
  return (await told<{ items: Slot[] }>(patient, path)).items;
}

/** Book it through the API. */
export function bookAway(patient: APIRequestContext | Page, { therapistId }: Care, { startAt, endAt }: Slot) {
  return did<{ appointment: { id: string; version: number } }>(patient, "POST", "/api/appointments", {
    therapistId,
    startAt,
    endAt,
  });
}
