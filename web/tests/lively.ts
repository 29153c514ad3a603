/** A practice with some life in it, made through the API: messages of both, sessions ahead, somebody who asks. */
import type { APIRequestContext } from "@playwright/test";
import { asking, did, stateOf, told } from "./people";

const SAID: readonly ["PATIENT" | "THERAPIST", string][] = [
  ["PATIENT", "Good morning. I wrote down when the worry came this week, as we said."],
  ["THERAPIST", "Thank you for writing it down. What did you notice?"],
  ["PATIENT", "It is mostly on Sunday evenings, before the week begins. Breathing out slowly helped twice."],
  ["THERAPIST", "Twice is a good beginning. Let us look at the Sundays together on Thursday."],
  ["PATIENT", "I would like that. I slept better, too."],
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
  const [conversation] = (
    await told<{ items: { id: string; lastSeq?: number }[] }>(patient, "/api/conversations")
  ).items;
  for (const [who, content] of SAID)
    await did(who === "PATIENT" ? patient : therapist, "POST", "/api/messages", {
      conversationId: conversation?.id,
      body: content,
      clientId: crypto.randomUUID(),
    });
  await patient.dispose();
  await therapist.dispose();
}

/** A therapist who can be booked at any hour, from now on: a test is not run by anybody's clock. */
export async function hoursAroundTheClock(therapist: APIRequestContext): Promise<void> {
  type Standing = { revision: string };
  const { revision } = await told<Standing>(therapist, "/api/appointments/availability");
  await did(therapist, "PUT", "/api/appointments/availability", {
    timeZone: "America/Los_Angeles",
    rules: [0, 1, 2, 3, 4, 5, 6].map((weekday) => ({ weekday, start: "00:00", end: "24:00" })),
    exceptions: [],
    sessionMinutes: 30,
    stepMinutes: 5,
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    minimumNoticeMinutes: 0,
    revision,
  });
}
