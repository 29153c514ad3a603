/** Somebody new in the care of the seeded therapist, made through the API: for tests of what comes after. */
import type { APIRequestContext, Browser, Page } from "@playwright/test";
import { asking, browserOf, did, newcomer, stateOf, told } from "./people";

export interface Care {
  therapistId: string;
  conversationId: string;
}

/** Take this patient into the seeded therapist's care. */
export async function takenIntoCare(patient: APIRequestContext | Page): Promise<Care> {
  const desk = await asking(stateOf("THERAPIST"));
  await did(desk, "PATCH", "/api/user/profile", { acceptsNewPatients: true });
  const { user } = await told<{ user: { id: string } }>(desk, "/api/auth/session");
  const care = await did<{ id: string }>(patient, "POST", `/api/therapists/${user.id}/connect`, {
    note: null,
  });
  await did(desk, "PATCH", `/api/care-relationships/${care.id}`, { status: "accepted" });
  await desk.dispose();
  const { items } = await told<{ items: { id: string }[] }>(patient, "/api/conversations");
  return { therapistId: user.id, conversationId: items[0]?.id ?? "" };
}

/** A new patient in care, signed in on a page of their own that shows nothing yet. */
export async function patientInCare(browser: Browser, name: string): Promise<Care & { page: Page }> {
  const patient = await newcomer("PATIENT", name);
  const agreed = { given: true, version: "1" };
  await did(patient, "PUT", "/api/user/consents", {
    terms: agreed,
    telehealth: agreed,
    messageAnalysis: agreed,
  });
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
