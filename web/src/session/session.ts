/** Who is signed in, as the server says. */
import { useQuery } from "@tanstack/react-query";
import { api, call, onProblem, type Shape } from "@/api/client";
import { dropEarlyAnswers } from "@/api/early_answers";
import { Problem } from "@/api/problem";
import { queryClient } from "@/api/queries";
import { forgetDrafts } from "@/realtime/drafts";
import { emptyOutbox } from "@/realtime/outbox_storage";
import { forgetUse } from "./last_use";
import { endLooking, isLooking } from "./looking";
import { Remembered } from "./remembered";
import { endAtServer, hearOwed, settleSignOut, signOutOwed, wasEndedHere } from "./sign_out_owed";
import { onTabs, type Told, tellTabs } from "./tabs";

export type Session = Shape<"PresentSession">;
export type Role = Shape<"Role">;

const KEY = ["session"] as const;

/** The session, or null where nobody is signed in. Throws Problem where the server cannot be asked. */
export async function fetchSession(): Promise<Session | null> {
  try {
    const session = await call(api.GET("/api/auth/session"));
    if (!isLooking() && (await wasEndedHere(session.sessionId))) {
      tellAgain();
      return null;
    }
    meet(session);
    return session;
  } catch (reason) {
    if (!(reason instanceof Problem) || reason.status !== 401) throw reason;
    settleSignOut();
    return null;
  }
}

/** Without an answer no page can be shown, so it is asked for again until there is one. */
const untilReached = ({ state }: { state: { status: string; data?: unknown } }) =>
  state.status === "error" && state.data === undefined ? 5_000 : false;

/** Ask at once, before any page is there that wants to know. */
export function askEarly(): Promise<void> {
  const { retry } = queryClient.getDefaultOptions().queries ?? {};
  return queryClient.prefetchQuery({ queryKey: KEY, queryFn: fetchSession, retry });
}

/** The session as last told; asks where it is not known or no longer fresh. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: fetchSession, staleTime: 60_000, refetchInterval: untilReached });
}

/** Ask anew who is signed in, after a step that changes it. */
export async function renewSession(): Promise<Session | null> {
  await queryClient.cancelQueries({ queryKey: KEY });
  return queryClient.fetchQuery({ queryKey: KEY, queryFn: fetchSession, staleTime: 0 });
}

/** Who was last known to be signed in. */
let knownId: string | null = null;

/** How the session that was open in this tab ended, where it did and nobody has signed in since. */
export const howItEnded = new Remembered<"by-itself" | "on-purpose" | null>(null);

function endedByItself(): void {
  if (howItEnded.get() !== "on-purpose") howItEnded.set("by-itself");
}

/** What the server told somebody else is not shown to who is signed in now; the other tabs learn who it is. */
function meet({ user }: Session): void {
  if (user.id === knownId) return;
  if (knownId !== null) forgetAnswers();
  knownId = user.id;
  howItEnded.set(null);
  tellOthers({ kind: "signed-in", userId: user.id });
}

/** A look is this tab's alone. */
function tellOthers(told: Told): void {
  if (!isLooking()) tellTabs(told);
}

/** What has to happen on this device when a session is over, beside forgetting what the server told. */
const leaving = new Set<() => Promise<unknown> | unknown>();

/** Have something personal removed from this device at the end of each session; gives the way to stop. */
export function onLeaving(step: () => Promise<unknown> | unknown): () => void {
  leaving.add(step);
  return () => leaving.delete(step);
}

/** Forget everything personal on this device, whoever's it is: nobody is signed in any more. */
export async function forgetSession(): Promise<void> {
  howItEnded.set("on-purpose");
  // Not left to the pages that write them: none of these may have been opened since the browser was.
  const always = [forgetDrafts, emptyOutbox, forgetTab];
  await Promise.allSettled([...leaving, ...always].map(async (step) => step()));
  forgetUse();
  nobody();
}

/** The session has run out, or is to be a new one: it ends at the server too, and drafts stay for the same person. */
export async function endSession(): Promise<void> {
  if (isLooking()) return endLooking();
  endedByItself();
  const told = endAtServer(knownSession()?.sessionId);
  nobody();
  tellTabs({ kind: "ended" });
  await told;
  tellAgain();
}

/** The session as last told; null where nobody is signed in, undefined where that is not known. */
export const knownSession = () => queryClient.getQueryData<Session | null>(KEY);

/** What lies in this tab's own storage, as the way into a meeting. */
function forgetTab(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("bloom.")) sessionStorage.removeItem(key);
}

function nobody(): void {
  knownId = null;
  // An answer that is on its way is of a session that is over.
  void queryClient.cancelQueries({ queryKey: KEY });
  // First, so that the page leads away before what it shows is gone.
  queryClient.setQueryData(KEY, null);
  forgetAnswers();
}

function forgetAnswers(): void {
  dropEarlyAnswers();
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  queryClient.getMutationCache().clear();
}

/** End the session, here at once and at the server; where that cannot be reached, as soon as it can. */
export async function signOut(): Promise<void> {
  if (isLooking()) return endLooking();
  await Promise.all([endAtServer(knownSession()?.sessionId), beSignedOut()]);
  tellAgain();
}

/** The server has ended the session because somebody here asked for it: forget it in every tab. */
export async function beSignedOut(): Promise<void> {
  tellTabs({ kind: "signed-out" });
  await forgetSession();
}

const TELL_AGAIN_MS = 10_000;
let telling: ReturnType<typeof setTimeout> | undefined;

/** While the server does not know that a session ended here, it is asked for it, and told, again and again. */
function tellAgain(): void {
  clearTimeout(telling);
  if (!signOutOwed.get()) return;
  telling = setTimeout(
    () =>
      void renewSession()
        .catch(() => undefined)
        .then(tellAgain),
    TELL_AGAIN_MS,
  );
}

onTabs((told) => {
  if (told.kind === "owed") {
    hearOwed();
    tellAgain();
  } else if (told.kind === "signed-in") {
    if (told.userId !== knownId) void renewSession().catch(() => undefined);
  } else if (knownId !== null) {
    if (told.kind === "signed-out") void forgetSession();
    else {
      endedByItself();
      nobody();
    }
  }
});

onProblem((problem) => {
  // A session that has ended: the guard of each page then leads to the sign-in page. Drafts stay, for the same person.
  if (problem.status === 401 && knownSession()) {
    endedByItself();
    nobody();
  }
});
