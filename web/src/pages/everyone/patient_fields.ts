/** Between a patient's profile and the form that shows it: pure. */
import type { Shape } from "@/api/client";
import { Problem } from "@/api/problem";

type Given = Record<string, string>;

const CONTACT = ["contactName", "contactPhone", "contactRelationship"] as const;
/** The server's names of what is inside `emergencyContact`, and the form's. */
const CONTACTS: Record<string, string> = {
  name: "contactName",
  phone: "contactPhone",
  relationship: "contactRelationship",
};

/** Whether a number can be one with its country's code; the server looks closer. */
export function isPhone(written: string): boolean {
  return /^\+[0-9 ().-]{6,38}$/.test(written.trim());
}

/** Whether all of the contact is given, none of it, or some. */
export function contactGiven(given: Given): "all" | "none" | "some" {
  const there = CONTACT.filter((name) => given[name]?.trim()).length;
  return there === CONTACT.length ? "all" : there ? "some" : "none";
}

/** What the server is asked to keep; what is left empty is removed. */
export function patientChanges(given: Given): Shape<"ProfileChanges"> {
  const text = (name: string) => given[name]?.trim() || null;
  return {
    birthDate: text("birthDate"),
    phone: text("phone"),
    country: text("country"),
    emergencyContact:
      contactGiven(given) === "all"
        ? {
            name: text("contactName") ?? "",
            phone: text("contactPhone") ?? "",
            relationship: text("contactRelationship") ?? "",
          }
        : null,
  };
}

/** The same problem with its faults at the form's own fields. */
export function atTheForm(reason: unknown): unknown {
  if (!(reason instanceof Problem)) return reason;
  const faults = reason.faults.map((fault) => {
    const [, inside] = /^\/emergencyContact\/(\w+)/.exec(fault.pointer) ?? [];
    return inside ? { ...fault, pointer: `/${CONTACTS[inside] ?? inside}` } : fault;
  });
  return new Problem(reason.kind, reason.status, faults, reason.retryAfter, reason.instance, reason.more);
}
