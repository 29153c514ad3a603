// @vitest-environment jsdom
import { beforeEach, expect, it, vi } from "vitest";

const START = Date.parse("2026-03-08T12:00:00Z");

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ["Date"] });
  vi.resetModules();
  localStorage.clear();
});

it("counts answers to what somebody did, not those to what a page asks by itself", async () => {
  const { lastUse, serverAhead } = await import("./last_use");
  const client = await import("@/api/client");
  const asked = async (status = 200) => {
    const headers = { Date: new Date(Date.now() + 120_000).toUTCString() };
    const answer = Promise.resolve({ data: {}, response: new Response(null, { status, headers }) });
    await client.call(answer).catch(() => undefined);
  };
  await asked();
  expect(lastUse()).toBe(START);
  expect(serverAhead()).toBe(120_000);
  vi.setSystemTime(START + 20 * 60_000);
  await asked();
  expect(lastUse()).toBe(START);
  document.body.append(document.createElement("button"));
  document.querySelector("button")?.focus(); // as a page does by itself
  await asked();
  expect(lastUse()).toBe(START);
  dispatchEvent(new Event("keydown"));
  await asked(401);
  expect(lastUse()).toBe(START);
  await asked();
  expect(lastUse()).toBe(START + 20 * 60_000);
});
