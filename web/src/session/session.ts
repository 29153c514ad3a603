/** Who is signed in, as the server says. */
import { useQuery } from "@tanstack/react-query";
import { api, call, onProblem, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { queryClient } from "@/api/queries";
import { forgetUse } from "./last_use";
import { onTabs, tellTabs } from "./tabs";

export type Session = Shape<"PresentSession">;
export type Role = Shape<"Role">;

const KEY = ["session"] as const;

/** The session, or null where nobody is signed in. Throws Problem where the server cannot be asked. */
export async function fetchSession(): Promise<Session | null> {
  try {
    const session = await call(api.GET("/api/auth/session"));
    meet(session);
    return session;
  } catch (reason) {
    if (reason instanceof Problem && reason.status === 401) return null;
    throw reason;
  }
}

/** Without an answer no page can be shown, so it is asked for again until there is one. */
const untilReached = ({ state }: { state: { status: string; data?: unknown } }) =>
  state.status === "error" && state.data === undefined ? 5_000 : false;

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
let endedByItself = false;

/** What the server told somebody else is not shown to who is signed in now; the other tabs learn who it is. */
function meet({ user }: Session): void {
  if (user.id === knownId) return;
  if (knownId !== null) forgetAnswers();
  knownId = user.id;
  endedByItself = false;
  tellTabs({ kind: "signed-in", userId: user.id });
}

/** Whether the session that was open in this tab ended by its time, or elsewhere, and nobody has signed in since. */
export function hasEndedByItself(): boolean {
  return endedByItself;
}

/** What has to happen on this device when a session is over, beside forgetting what the server told. */
const leaving = new Set<() => Promise<unknown> | unknown>();

/** Have something personal removed from this device at the end of each session; gives the way to stop. */
export function onLeaving(step: () => Promise<unknown> | unknown): () => void {
  leaving.add(step);
  return () => leaving.delete(step);
}

/** Forget everything personal on this device: nobody is signed in any more. */
export async function forgetSession(): Promise<void> {
  await Promise.allSettled([...leaving].map((step) => step()));
  forgetUse();
  nobody();
}

/** The session has run out: it ends at the server too, and drafts stay on this device for the same person. */
export async function endSession(): Promise<void> {
  endedByItself = true;
  await call(api.POST("/api/auth/sign-out")).catch(() => undefined);
  nobody();
  tellTabs({ kind: "ended" });
}

function nobody(): void {
  knownId = null;
  // First, so that the page leads away before what it shows is gone.
  queryClient.setQueryData(KEY, null);
  forgetAnswers();
}

function forgetAnswers(): void {
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  queryClient.getMutationCache().clear();
}

/** End the session, at the server and here. Without a connection it ends here, and there by its time. */
export async function signOut(): Promise<void> {
  await call(api.POST("/api/auth/sign-out")).catch(() => undefined);
  await beSignedOut();
}

/** The server has ended the session because somebody here asked for it: forget it in every tab. */
export async function beSignedOut(): Promise<void> {
  tellTabs({ kind: "signed-out" });
  await forgetSession();
}

onTabs((told) => {
  if (told.kind === "signed-in") {
    if (told.userId !== knownId) void renewSession().catch(() => undefined);
  } else if (knownId !== null) {
    if (told.kind === "signed-out") void forgetSession();
    else {
      endedByItself = true;
      nobody();
    }
  }
});

onProblem((problem) => {
  // A session that has ended: the guard of each page then leads to the sign-in page. Drafts stay, for the same person.
  if (problem.status === 401 && queryClient.getQueryData<Session | null>(KEY)) {
    endedByItself = true;
    nobody();
  }
});
