/** A practice with some life in it, made through the API: messages of both, sessions ahead, somebody who asks. */
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
