/** What the meeting's page is given: by this tab's own storage, never by an address, and removed as it is read. */
import type { Shape } from "@/api/client";

export interface MeetingAccess {
  sdk: Shape<"SdkAccess">;
  /** The way in by Zoom's own page or app, where this one does not work. */
  link: string;
  /** What the person is called in the meeting. */
  name: string;
  /** Where to go when the meeting is over. */
  back: string;
}

const KEY = "bloom.meeting";

/** Where the meeting's page is. */
export const MEETING_PAGE = "/meeting.html";

export function handOver(access: MeetingAccess): void {
  sessionStorage.setItem(KEY, JSON.stringify(access));
}

/** What was handed over, once; null where nothing was. */
export function takeOver(): MeetingAccess | null {
  const kept = sessionStorage.getItem(KEY);
  forget();
  return kept ? (JSON.parse(kept) as MeetingAccess) : null;
}

export function forget(): void {
  sessionStorage.removeItem(KEY);
}
