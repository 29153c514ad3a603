/** An administrator looks on as somebody, read-only, in this tab alone: the header that says so, the way in and out. */
import { api, call, onProblem, onRequest } from "@/api/client";
import { queryClient } from "@/api/queries";
import { LOOKING_ON } from "./stored_names";

/** The proof is a cookie that no script can read. */
const FROM = "/admin/users";

/** Whether this tab asks as somebody else. */
export function isLooking(): boolean {
  return typeof sessionStorage !== "undefined" && sessionStorage.getItem(LOOKING_ON) !== null;
}

onRequest((request) => {
  if (isLooking()) request.headers.set("X-Session", "impersonation");
});

onProblem((problem) => {
  // The look has ended by itself, or by somebody else: this tab is the administrator's own again.
  if (problem.status !== 401 || !isLooking()) return;
  sessionStorage.removeItem(LOOKING_ON);
  location.assign(FROM);
});

/** From here on this tab asks as the person who is looked at. */
export function beginLooking(impersonationId: string): void {
  sessionStorage.setItem(LOOKING_ON, impersonationId);
  queryClient.clear();
  location.assign("/dashboard");
}

/** This tab is the administrator's own again, whether or not the server could be told. */
export async function endLooking(): Promise<void> {
  const id = sessionStorage.getItem(LOOKING_ON);
  sessionStorage.removeItem(LOOKING_ON);
  const params = { path: { id: id ?? "" } };
  if (id) await call(api.DELETE("/api/admin/impersonations/{id}", { params })).catch(() => undefined);
  queryClient.clear();
  location.assign(FROM);
}
