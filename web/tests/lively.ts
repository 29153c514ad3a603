/** A practice with some life in it, made through the API: messages of both, sessions ahead, somebody who asks. */
import type { APIRequestContext } from "@playwright/test";
import { asking, did, newcomer, stateOf, told } from "./people";

const SAID: readonly ["PATIENT" | "THERAPIST", string][] = [
  ["PATIENT", "Good morning. I wrote down when the worry came this week, as we said."],
  ["THERAPIST", "Thank you for writing it down. What did you notice?"],
  ["PATIENT", "It is mostly on Sunday evenings, before the week begins. Breathing out slowly helped twice."],
  ["THERAPIST", "Twice is a good beginning. Let us look at the Sundays together on Thursday."],
  ["PATIENT", "I would like that. I slept better, too."],
];

const ASKS: readonly [string, string][] = [
  ["Maya Brooks", "I lost my footing after a move. Evenings would suit me."],
  ["Jonas Feld", "My doctor suggested somebody to talk to about panic on trains."],
];

let made: Promise<void> | undefined;

/** Make it, once for all tests of a run. */
export function liven(): Promise<void> {
  made ??= make();
  return made;
}

async function make() {
  const patient = await asking(stateOf("PATIENT"));
  const therapist = await asking(stateOf("THERAPIST"));
  await tellOfThemselves(patient, therapist);
  await hoursOfAPractice(therapist);
  const conversation = (await told<{ items: { id: string }[] }>(patient, "/api/conversations")).items.at(-1);
  for (const [who, body] of SAID)
    await did(who === "PATIENT" ? patient : therapist, "POST", "/api/messages", {
      conversationId: conversation?.id,
      body,
      clientId: crypto.randomUUID(),
    });
  const { user } = await told<{ user: { id: string } }>(therapist, "/api/auth/session");
  await book(patient, user.id);
  for (const [name, note] of ASKS) {
    const newcomers = await newcomer("PATIENT", name);
    await did(newcomers, "POST", `/api/therapists/${user.id}/connect`, { note });
    await newcomers.dispose();
  }
  const applicant = await newcomer("THERAPIST", "Noor Lindqvist");
  await did(applicant, "POST", "/api/user/credentials", {
    licenceNumber: "PSY 28811",
    region: "California",
    expiresOn: "2031-05-31",
  });
  for (const each of [patient, therapist, applicant]) await each.dispose();
}

async function tellOfThemselves(patient: APIRequestContext, therapist: APIRequestContext) {
  const timeZone = "America/Los_Angeles";
  await did(patient, "PATCH", "/api/user/profile", {
    timeZone,
    about: "I work with maps, run by the river, and worry on Sundays.",
  });
  await did(therapist, "PATCH", "/api/user/profile", {
    timeZone,
    bio: "I have worked with anxiety and low mood for fifteen years, in an unhurried way. We begin where you are.",
    specialties: ["Anxiety", "Depression", "Sleep"],
    languages: ["en", "es"],
    acceptsNewPatients: true,
  });
}

/** Book a time of the week to come, where the patient has none ahead. */
async function book(patient: APIRequestContext, therapistId: string) {
  const standing = await told<{ items: unknown[] }>(patient, "/api/appointments?status=booked");
  if (standing.items.length) return;
  const from = new Date(Date.now() + 86_400_000);
  const to = new Date(from.getTime() + 7 * 86_400_000);
  const range = `from=${from.toISOString()}&to=${to.toISOString()}&timeZone=UTC`;
  type Slots = { items: { startAt: string; endAt: string }[] };
  const { items } = await told<Slots>(patient, `/api/therapists/${therapistId}/slots?${range}`);
  const slot = items[3];
  await did(patient, "POST", "/api/appointments", {
    therapistId,
    startAt: slot?.startAt,
    endAt: slot?.endAt,
  });
}

type Rule = { weekday: number; start: string; end: string };

/** A therapist who can be booked at any hour, from now on: a test is not run by anybody's clock. */
export function hoursAroundTheClock(therapist: APIRequestContext): Promise<void> {
  const rules = [0, 1, 2, 3, 4, 5, 6].map((weekday) => ({ weekday, start: "00:00", end: "24:00" }));
  return hours(therapist, rules, 5);
}

/** A week as practices have them. */
function hoursOfAPractice(therapist: APIRequestContext): Promise<void> {
  const mornings = [0, 1, 2, 4].map((weekday) => ({ weekday, start: "09:00", end: "12:30" }));
  const afternoons = [0, 1, 3].map((weekday) => ({ weekday, start: "14:00", end: "18:00" }));
  return hours(therapist, [...mornings, ...afternoons], 30);
}

async function hours(therapist: APIRequestContext, rules: Rule[], stepMinutes: number) {
  type Standing = { revision: string };
  const { revision } = await told<Standing>(therapist, "/api/appointments/availability");
  await did(therapist, "PUT", "/api/appointments/availability", {
    timeZone: "America/Los_Angeles",
    rules,
    exceptions: [],
    sessionMinutes: 30,
    stepMinutes,
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    minimumNoticeMinutes: 0,
    revision,
  });
}
