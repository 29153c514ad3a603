/** What is good to do next, in the order in which it matters: from what a patient has done so far. */
import type { Shape } from "@/api/client";
import type { Appointment, Care } from "./queries";

export type Step =
  | { kind: "consents" }
  | { kind: "profile"; percent: number }
  | { kind: "findTherapist" }
  | { kind: "asked"; care: Care }
  | { kind: "declined"; care: Care }
  | { kind: "book"; care: Care };

interface SoFar {
  consents: Shape<"Consents"> | undefined;
  profile: Pick<Shape<"ShownPatient">, "completeness"> | undefined;
  care: readonly Care[] | undefined;
  /** What lies ahead. */
  coming: readonly Pick<Appointment, "therapist" | "status">[] | undefined;
}

const STANDS: readonly Appointment["status"][] = ["booked", "pending", "in_session"];

/** Nothing is said of what is not known (yet). */
export function nextSteps({ consents, profile, care, coming }: SoFar): Step[] {
  const steps: Step[] = [];
  if (consents && !(consents.terms.given && consents.telehealth?.given)) steps.push({ kind: "consents" });
  if (profile && !profile.completeness.complete)
    steps.push({ kind: "profile", percent: profile.completeness.percent });
  if (care) steps.push(...ofCare(care, coming));
  return steps;
}

function ofCare(care: readonly Care[], coming: SoFar["coming"]): Step[] {
  const latest = latestOfEach(care);
  const accepted = latest.filter(({ status }) => status === "accepted");
  const asked = latest.filter(({ status }) => status === "requested");
  const declined = latest.filter(({ status }) => status === "declined");
  const met = new Set(
    (coming ?? []).filter(({ status }) => STANDS.includes(status)).map(({ therapist }) => therapist.userId),
  );
  const book = coming ? accepted.filter(({ therapist }) => !met.has(therapist.id)) : [];
  const steps: Step[] = asked.map((each) => ({ kind: "asked", care: each }));
  if (accepted.length === 0 && asked.length === 0) {
    const last = declined[0];
    steps.push(last ? { kind: "declined", care: last } : { kind: "findTherapist" });
  }
  return [...steps, ...book.map((each): Step => ({ kind: "book", care: each }))];
}

/** Of several requests to one therapist the latest; `care` has the latest first. */
export function latestOfEach(care: readonly Care[]): Care[] {
  const known = new Set<string>();
  return care.filter(({ therapist }) => !known.has(therapist.id) && known.add(therapist.id));
}
