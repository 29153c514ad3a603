import { expect, it } from "vitest";
import { afterSaving } from "./draft";
import type { Availability } from "./hours";

const RULES: Availability["rules"] = [{ weekday: 1, start: "09:00", end: "12:00" }];

it("keeps what was changed while the rest was being saved", () => {
  const sent: Availability = { timeZone: "Europe/Madrid", rules: [], exceptions: [], horizonDays: 30 };
  const kept = { ...sent, rules: [], exceptions: [], horizonDays: 28 };
  expect(afterSaving(sent, { ...sent, rules: RULES }, kept)).toEqual({ ...kept, rules: RULES });
  expect(afterSaving(sent, sent, kept)).toEqual(kept);
});
