import { expect, it } from "vitest";
import { authorOf, coverageOf, type Member, otherOf, readToOf } from "./members";

const member = (userId: string, role: Member["role"], more: Partial<Member> = {}): Member => ({
  userId,
  name: userId.toUpperCase(),
  role,
  isCovering: false,
  lastReadSeq: 0,
  ...more,
});

const pat = member("pat", "PATIENT");
const theo = member("theo", "THERAPIST", { lastReadSeq: 2 });
const cora = member("cora", "THERAPIST", { isCovering: true, lastReadSeq: 5 });
const former = { userId: "fern", name: "FERN", role: "THERAPIST" as const };

/** However the server lists them. */
const ORDERS = [
  [pat, theo, cora],
  [cora, theo, pat],
  [theo, cora, pat],
];

it.each(ORDERS)("knows whom each writes with while a colleague covers", (...members) => {
  const conversation = { members, formerMembers: [former] };
  expect(["pat", "theo", "cora"].map((me) => otherOf(conversation, me)?.userId)).toEqual([
    "theo",
    "pat",
    "pat",
  ]);
  expect(coverageOf(conversation)).toEqual({ covering: cora, therapist: theo });
});

it("names a message by who wrote it, also after they have left", () => {
  const conversation = { members: [pat, theo, cora], formerMembers: [former] };
  expect(["theo", "cora", "fern", "nora"].map((sender) => authorOf(conversation, sender)?.name)).toEqual([
    "THEO",
    "CORA",
    "FERN",
    undefined,
  ]);
  expect(coverageOf({ members: [pat, theo] })).toBeNull();
});

it("counts what either clinician has read as read by the other side, and a colleague's reading not as the patient's", () => {
  const conversation = { members: [pat, theo, cora] };
  expect(readToOf(conversation, "pat")).toBe(5);
  expect(readToOf(conversation, "pat", { theo: 7 })).toBe(7);
  expect(readToOf(conversation, "theo", { cora: 9, pat: 1 })).toBe(1);
});
