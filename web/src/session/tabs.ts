/** What the tabs of one browser tell each other about the session, so that all show the same. */

export type Told =
  /** Somebody signed out: everything personal goes, here as well. */
  | { kind: "signed-out" }
  /** The session ended by its time; drafts stay. */
  | { kind: "ended" }
  /** The server could not be told that it is over. */
  | { kind: "owed" }
  /** This person is signed in now. */
  | { kind: "signed-in"; userId: string };

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("bloom.session");

/** Tell the other tabs. */
export function tellTabs(told: Told): void {
  channel?.postMessage(told);
}

/** Hear what the other tabs tell. */
export function onTabs(listener: (told: Told) => void): void {
  channel?.addEventListener("message", ({ data }: MessageEvent<Told>) => listener(data));
}
