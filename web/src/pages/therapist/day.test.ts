import { expect, test } from "vitest";
import { newsOf, nextOf, ofToday, roomOf } from "./day";
import type { Appointment } from "./own_queries";

const appointment = (startAt: string, endAt: string, status = "booked", video = "ready") =>
  ({ startAt, endAt, status, video }) as Appointment;

test("a day is the therapist's own, wherever the clock of the server stands", () => {
  const late = appointment("2026-03-10T02:30:00Z", "2026-03-10T03:20:00Z");
  const held = appointment("2026-03-09T20:00:00Z", "2026-03-09T20:50:00Z", "held");
  const now = Date.parse("2026-03-09T18:00:00Z");
  expect(ofToday([held, late], "America/Los_Angeles", now)).toEqual([late]);
  expect(ofToday([held, late], "UTC", now)).toEqual([]);
  expect(nextOf([held, late], now)).toBe(late);
});

test("around midnight a day shows what can be entered, though it begins tomorrow or began yesterday", () => {
  const across = appointment("2026-03-10T23:55:00Z", "2026-03-11T00:25:00Z");
  const next = appointment("2026-03-11T00:05:00Z", "2026-03-11T00:35:00Z");
  const at = (moment: string) => ofToday([across, next], "UTC", Date.parse(moment));
  expect(at("2026-03-10T23:54:59Z")).toEqual([across]);
  expect(at("2026-03-10T23:55:00Z")).toEqual([across, next]);
  expect(at("2026-03-11T00:24:59Z")).toEqual([across, next]);
  expect(at("2026-03-11T00:25:00Z")).toEqual([next]);
});

test("a room is open from ten minutes before the start until the end, and as long as somebody is in it", () => {
  const booked = appointment("2026-03-10T10:00:00Z", "2026-03-10T10:50:00Z");
  const at = (clock: string) => Date.parse(`2026-03-10T${clock}Z`);
  expect(roomOf(booked, at("09:49:59"))).toBe("later");
  expect(roomOf(booked, at("09:50:00"))).toBe("open");
  expect(roomOf(booked, at("10:50:00"))).toBe("none");
  expect(roomOf({ ...booked, status: "in_session" }, at("11:00:00"))).toBe("open");
  expect(roomOf({ ...booked, status: "cancelled" }, at("10:00:00"))).toBe("none");
  expect(roomOf({ ...booked, video: "unavailable" }, at("10:00:00"))).toBe("none");
});

test("a licence is spoken of where it is missing, waits, failed, is over, or nearly is", () => {
  const now = Date.parse("2026-03-10T00:00:00Z");
  const of = (status: string, inForce: boolean, expiresOn: string | null) =>
    newsOf({ status, inForce, expiresOn }, now)?.state;
  expect(of("unsubmitted", false, null)).toBe("unsubmitted");
  expect(of("pending", false, "2030-01-01")).toBe("pending");
  expect(of("verified", false, "2026-03-01")).toBe("expired");
  expect(of("verified", true, "2026-05-01")).toBe("expiring");
  expect(of("verified", true, "2026-06-01")).toBeUndefined();
});
