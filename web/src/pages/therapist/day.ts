/** What of a therapist's appointments is shown when: pure rules over times. */
import { dayOf } from "@/i18n/times";
import type { Appointment } from "./own_queries";

const OPENS_BEFORE_MS = 10 * 60_000;
const NEVER_MORE_THAN_HELD = ["held", "expired"];

/**
 * Those of the calendar day that it is now in this zone, and what can be entered on the other side of midnight, in order;
 * what was never more than held is none.
 */
export function ofToday(all: readonly Appointment[], zone: string, now: number): Appointment[] {
  const today = dayOf(new Date(now), zone);
  return all.filter(
    (appointment) =>
      !NEVER_MORE_THAN_HELD.includes(appointment.status) &&
      (dayOf(appointment.startAt, zone) === today || roomOf(appointment, now) === "open"),
  );
}

/** The first that is still to come. */
export function nextOf(all: readonly Appointment[], now: number): Appointment | undefined {
  return all.find(
    ({ status, startAt }) => ["booked", "pending"].includes(status) && Date.parse(startAt) > now,
  );
}

/** Whether its room is closed for now, open, or there is nothing to go into. */
export function roomOf(appointment: Appointment, now: number): "later" | "open" | "none" {
  const { status, startAt, endAt, video } = appointment;
  if (status === "in_session") return "open";
  if (!["booked", "pending"].includes(status) || video === "unavailable" || now >= Date.parse(endAt))
    return "none";
  return now >= Date.parse(startAt) - OPENS_BEFORE_MS ? "open" : "later";
}

/** When the room opens. */
export function opensAt(appointment: Appointment): Date {
  return new Date(Date.parse(appointment.startAt) - OPENS_BEFORE_MS);
}

/** Days after which an expiry is near enough to speak of it. */
const NEAR_DAYS = 60;

export interface LicenceNews {
  state: "unsubmitted" | "pending" | "rejected" | "expired" | "expiring";
  /** The moment after its last day, in UTC. */
  endsAt: string | null;
}

/** What has to be said of a licence; null where it holds and will for long. */
export function newsOf(
  licence: { status: string; inForce: boolean; expiresOn: string | null },
  now: number,
): LicenceNews | null {
  const endsAt = licence.expiresOn ? `${licence.expiresOn}T23:59:59Z` : null;
  if (licence.status !== "verified") return { state: licence.status as LicenceNews["state"], endsAt };
  if (!licence.inForce) return { state: "expired", endsAt };
  const near = endsAt && Date.parse(endsAt) - now < NEAR_DAYS * 86_400_000;
  return near ? { state: "expiring", endsAt } : null;
}
