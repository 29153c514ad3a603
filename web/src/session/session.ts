/** Who is signed in, as the server says. */
import { useQuery } from "@tanstack/react-query";
import { api, call, onProblem, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { queryClient } from "@/api/queries";

export type Session = Shape<"PresentSession">;
export type Role = Shape<"Role">;

const KEY = ["session"] as const;

/** The session, or null where nobody is signed in. Throws Problem where the server cannot be asked. */
export async function fetchSession(): Promise<Session | null> {
  try {
    return await call(api.GET("/api/auth/session"));
  } catch (reason) {
    if (reason instanceof Problem && reason.status === 401) return null;
    throw reason;
  }
}

/** The session as last told; asks where it is not known or no longer fresh. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: fetchSession, staleTime: 60_000 });
}

/** Ask anew who is signed in, after a step that changes it. */
export async function renewSession(): Promise<Session | null> {
  await queryClient.cancelQueries({ queryKey: KEY });
  return queryClient.fetchQuery({ queryKey: KEY, queryFn: fetchSession, staleTime: 0 });
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
  queryClient.clear();
  queryClient.setQueryData(KEY, null);
}

/** End the session, at the server and here. Without a connection it ends here, and there by its time. */
export async function signOut(): Promise<void> {
  await call(api.POST("/api/auth/sign-out")).catch(() => undefined);
  await forgetSession();
}

onProblem((problem) => {
  // A session that has ended: the guard of each page then leads to the sign-in page. Drafts stay, for the same person.
  if (problem.status === 401 && queryClient.getQueryData<Session | null>(KEY)) {
    queryClient.setQueryData(KEY, null);
  }
});
