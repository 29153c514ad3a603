/** Giving back a time that is only held. */
import { api, call, type Shape } from "@/api/client";
import { Problem } from "@/api/problem";
import { timesChanged } from "../queries";

/**
 * Let it go; what was booked after all (elsewhere, or by an answer that never came) is not called off by that, and
 * told as `booked`. What cannot be let go now lapses by itself in a few minutes.
 */
export async function letGo({
  id,
  version,
}: Pick<Shape<"ShownAppointment">, "id" | "version">): Promise<"free" | "booked"> {
  const body = { reason: "patient_request", version } as const;
  try {
    await call(api.POST("/api/appointments/{id}/cancel", { params: { path: { id } }, body }));
  } catch (reason) {
    if (reason instanceof Problem && reason.kind === "stale-version") return "booked";
  } finally {
    await timesChanged();
  }
  return "free";
}
