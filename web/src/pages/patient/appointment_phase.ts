/** Where an appointment stands at a moment: whether its room is open, and what can still be done with it. */
import type { Appointment } from "./queries";

/** The room opens so long before the start, as the server has it. */
const OPENS_BEFORE_MS = 10 * 60_000;

type Timed = Pick<Appointment, "status" | "startAt" | "endAt">;

/** When its people may enter. */
export function opensAt({ startAt }: Pick<Timed, "startAt">): string {
  return new Date(Date.parse(startAt) - OPENS_BEFORE_MS).toISOString();
}

/**
 * `early` until the room opens, `open` until the end, and beyond it while it still runs; `over`, or `off`. One that was
 * ended by mistake can be entered again until its end.
 */
export function phaseOf(appointment: Timed, now: number): "early" | "open" | "over" | "off" {
  const { status, endAt } = appointment;
  if (status === "cancelled" || status === "expired" || status === "held") return "off";
  if (status === "in_session") return "open";
  if (Date.parse(endAt) <= now) return "over";
  return Date.parse(opensAt(appointment)) <= now ? "open" : "early";
}

/** Whether it stands and has not begun, so that it can be moved or called off. */
export function isChangeable({ status, startAt }: Timed, now: number): boolean {
  return (status === "booked" || status === "pending") && Date.parse(startAt) > now;
}

/** Whether it takes place and its start has passed, so that it can be told who came. */
export function hasBegun({ status, startAt }: Timed, now: number): boolean {
  return ["booked", "in_session", "completed", "no_show"].includes(status) && Date.parse(startAt) <= now;
}

/** The next one that takes place, or the one that runs. */
export function nextOf<One extends Timed>(appointments: readonly One[], now: number): One | undefined {
  return appointments.find(
    (one) => one.status !== "completed" && ["early", "open"].includes(phaseOf(one, now)),
  );
}
