/** What these pages read of the server, and what becomes old by a change. */
import { queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, call, type Shape } from "@/api/client";
import { queryClient } from "@/api/queries";
import { around } from "./calendar_days";

export type Appointment = Shape<"ShownAppointment">;
export type Care = Shape<"ShownCare">;
export type Place = Shape<"ShownPlace">;

const APPOINTMENTS = "appointments";
const A_PAGE = 20;
const MANY = 100;
/** How often what may change by itself is read again while somebody looks, in milliseconds. */
const AGAIN_MS = 60_000;

const comingQuery = queryOptions({
  queryKey: [APPOINTMENTS, "coming"],
  queryFn: () =>
    call(
      api.GET("/api/appointments", { params: { query: { from: new Date().toISOString(), limit: A_PAGE } } }),
    ),
});

/** The appointments that lie ahead or run, the earliest first. */
export function useComing() {
  return useQuery({ ...comingQuery, refetchInterval: AGAIN_MS });
}

/** A list of appointments: ahead, or over with the latest first; page after page. */
export function useAppointments(view: "coming" | "past", status: Appointment["status"] | undefined) {
  return useInfiniteQuery({
    queryKey: [APPOINTMENTS, "list", view, status ?? "all"],
    queryFn: ({ pageParam }) => {
      const within = view === "past" ? { to: pageParam.at, latestFirst: true } : { from: pageParam.at };
      return call(
        api.GET("/api/appointments", {
          params: { query: { ...within, status, limit: A_PAGE, cursor: pageParam.cursor } },
        }),
      );
    },
    // All pages are of one moment, so that none is missed or shown twice.
    initialPageParam: { at: new Date().toISOString(), cursor: undefined as string | undefined },
    getNextPageParam: (page, _, { at }) => (page.nextCursor ? { at, cursor: page.nextCursor } : undefined),
  });
}

export function useAppointment(id: string | null) {
  return useQuery({
    queryKey: [APPOINTMENTS, "one", id],
    queryFn: () => call(api.GET("/api/appointments/{id}", { params: { path: { id: id as string } } })),
    enabled: id !== null,
    refetchInterval: AGAIN_MS,
  });
}

/** The appointments of a series, in order. */
export function useSeries(seriesId: string | null) {
  return useQuery({
    queryKey: [APPOINTMENTS, "series", seriesId],
    queryFn: () =>
      call(
        api.GET("/api/appointments", { params: { query: { seriesId: seriesId as string, limit: MANY } } }),
      ),
    enabled: seriesId !== null,
  });
}

const heldQuery = queryOptions({
  queryKey: [APPOINTMENTS, "held"],
  queryFn: () => call(api.GET("/api/appointments", { params: { query: { status: "held", limit: A_PAGE } } })),
});

/** What is held for the patient and neither confirmed nor let go; what was offered is the waiting list's to show. */
export function useHeld() {
  return useQuery(heldQuery);
}

const careQuery = queryOptions({
  queryKey: ["care"],
  queryFn: () => call(api.GET("/api/care-relationships", { params: { query: { limit: MANY } } })),
});

/** All of a person's care, over or not, the latest request first. */
export function useCare() {
  return useQuery({ ...careQuery, refetchInterval: AGAIN_MS });
}

const placesQuery = queryOptions({
  queryKey: ["waitlist"],
  queryFn: () => call(api.GET("/api/waitlist", { params: { query: { limit: MANY } } })),
});

/** The patient's places on waiting lists. */
export function usePlaces() {
  return useQuery({ ...placesQuery, refetchInterval: AGAIN_MS });
}

/** All that home shows of times and care. */
export function askTimesAndCare(): Promise<unknown> {
  return Promise.all([
    queryClient.prefetchQuery(comingQuery),
    queryClient.prefetchQuery(heldQuery),
    queryClient.prefetchQuery(placesQuery),
    queryClient.prefetchQuery(careQuery),
  ]);
}

/** What can be booked of a therapist on these days, in whatever zone they are shown. */
export function useSlots(therapistId: string, days: readonly string[], timeZone: string) {
  return useQuery({
    queryKey: ["slots", therapistId, days[0], days.length, timeZone],
    queryFn: () =>
      call(
        api.GET("/api/therapists/{id}/slots", {
          params: { path: { id: therapistId }, query: { ...around(days), timeZone } },
        }),
      ),
    refetchInterval: AGAIN_MS,
    placeholderData: (before) => before,
  });
}

/** After whatever takes or frees a time: all that tells of times is old. */
export async function timesChanged(): Promise<void> {
  await Promise.all(
    [[APPOINTMENTS], ["slots"], ["waitlist"]].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
  );
}

/** After a step of care: it closes conversations and calls appointments off, too. */
export async function careChanged(): Promise<void> {
  await Promise.all(
    [["care"], ["care-relationships"], ["therapists"], ["conversations"]].map((queryKey) =>
      queryClient.invalidateQueries({ queryKey }),
    ),
  );
  await timesChanged();
}
