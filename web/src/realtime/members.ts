/** Who is who in a conversation: whom one writes with, who stands in for a therapist, and whose a message is. */
import type { Shape } from "@/api/client";

export type Member = Shape<"Member">;
export type Person = Shape<"FormerMember">;
type Members = Pick<Shape<"ShownConversation">, "members">;
type People = Pick<Shape<"ShownConversation">, "members" | "formerMembers">;

/** Whom somebody writes with: for a clinician the patient, for the patient the therapist whose patient they are. */
export function otherOf({ members }: Members, me: string | undefined): Member | undefined {
  return othersOf(members, me).find(({ isCovering }) => !isCovering);
}

/** How far the other side has read, whoever of it did; 0 where nobody lets know. */
export function readToOf(
  { members }: Members,
  me: string,
  told: Readonly<Record<string, number>> = {},
): number {
  return Math.max(
    0,
    ...othersOf(members, me).map(({ userId, lastReadSeq }) => Math.max(lastReadSeq ?? 0, told[userId] ?? 0)),
  );
}

/** Who wrote a message, also where they have left; undefined where they are not known here (yet). */
export function authorOf({ members, formerMembers }: People, senderId: string): Person | undefined {
  return [...members, ...formerMembers].find(({ userId }) => userId === senderId);
}

/** Who stands in for whom at the moment, where somebody does. */
export function coverageOf({ members }: Members): { covering: Member; therapist: Member } | null {
  const covering = members.find(({ isCovering }) => isCovering);
  const therapist = members.find(({ role, isCovering }) => role === "THERAPIST" && !isCovering);
  return covering && therapist ? { covering, therapist } : null;
}

function othersOf(members: readonly Member[], me: string | undefined): readonly Member[] {
  const own = members.find(({ userId }) => userId === me);
  return members.filter(({ userId, role }) => userId !== me && role !== own?.role);
}
