import { describe, expect, it } from "vitest";
import { isChangeable, nextOf, phaseOf } from "./appointment_phase";

const at = (time: string) => Date.parse(`2026-03-02T${time}Z`);
const one = (status: string, from = "09:00", to = "09:50") =>
  ({ status, startAt: `2026-03-02T${from}:00Z`, endAt: `2026-03-02T${to}:00Z` }) as never as Parameters<
    typeof phaseOf
  >[0];

describe("an appointment's room", () => {
  it.each([
    ["booked", "08:49:59", "early"],
    ["booked", "08:50:00", "open"],
    ["booked", "09:49:59", "open"],
    ["booked", "09:50:00", "over"],
    ["in_session", "09:55:00", "open"],
    ["completed", "09:30:00", "open"],
    ["completed", "09:50:00", "over"],
    ["no_show", "09:20:00", "open"],
    ["cancelled", "08:55:00", "off"],
    ["held", "08:55:00", "off"],
  ])("that is %s is at %s %s", (status, time, phase) => {
    expect(phaseOf(one(status), at(time))).toBe(phase);
  });
});

describe("what can be changed", () => {
  it("is what stands and has not begun", () => {
    expect(isChangeable(one("booked"), at("08:59:59"))).toBe(true);
    expect(isChangeable(one("booked"), at("09:00:00"))).toBe(false);
    expect(isChangeable(one("cancelled"), at("08:00:00"))).toBe(false);
  });
});

describe("the next one", () => {
  it("is the first that takes place, or runs", () => {
    const list = [one("cancelled"), one("booked", "08:00", "08:50"), one("booked", "10:00", "10:50")];
    expect(nextOf(list, at("08:30:00"))).toBe(list[1]);
    expect(nextOf(list, at("09:30:00"))).toBe(list[2]);
    expect(nextOf(list, at("11:00:00"))).toBeUndefined();
  });
});
