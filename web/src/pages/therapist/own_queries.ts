/** What a therapist's pages ask the server for, each under one key, so that one answer serves all of them. */
import { useQuery } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";

/** How often what waits for a therapist is asked for anew, in milliseconds. */
export const ASKED_AGAIN_MS = 60_000;

export type Licence = Shape<"ShownCredentials">;
export type Therapist = Shape<"ShownTherapist">;
export type Appointment = Shape<"ShownAppointment">;

/** The caller's own profile. */
export function useTherapist(enabled = true) {
  return useQuery({
    queryKey: ["profile"],
    queryFn: async () => (await call(api.GET("/api/user/profile"))) as Therapist,
    enabled,
  });
}

/** The caller's licence, and what became of it. */
export function useLicence() {
  return useQuery({ queryKey: ["credentials"], queryFn: () => call(api.GET("/api/user/credentials")) });
}

/** The caller's hours and terms. */
export function useAvailability(enabled = true) {
  return useQuery({
    queryKey: ["availability"],
    queryFn: () => call(api.GET("/api/appointments/availability")),
    enabled,
  });
}

const DAY_MS = 86_400_000;

/** Appointments of yesterday, today and the two weeks to come. */
export function useNearAppointments(enabled: boolean) {
  return useQuery({
    queryKey: ["appointments", "near"],
    queryFn: () => {
      const from = new Date(Date.now() - DAY_MS).toISOString();
      const to = new Date(Date.now() + 14 * DAY_MS).toISOString();
      return call(api.GET("/api/appointments", { params: { query: { from, to, limit: 200 } } }));
    },
    enabled,
    refetchInterval: ASKED_AGAIN_MS,
  });
}

/** Requests for care that wait for an answer, the latest first. */
export function useCareRequests(enabled: boolean) {
  return useQuery({
    queryKey: ["care-relationships", "requested"],
    queryFn: () =>
      call(api.GET("/api/care-relationships", { params: { query: { status: "requested", limit: 200 } } })),
    enabled,
    refetchInterval: ASKED_AGAIN_MS,
  });
}
