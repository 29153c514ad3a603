import { afterEach, expect, it, vi } from "vitest";
import { letGo } from "./letting_go";

afterEach(() => vi.unstubAllGlobals());

/** The server, where this appointment is in this version. */
function standsIn(version: number, asked: unknown[] = []): unknown[] {
  vi.stubGlobal("fetch", async (request: Request) => {
    const given = (await request.json()) as { version?: number };
    asked.push(given);
    const isStale = given.version !== undefined && given.version !== version;
    return isStale
      ? Response.json({ type: "urn:bloom:problem:stale-version" }, { status: 409 })
      : Response.json({});
  });
  return asked;
}

it("lets go what is held, and calls nothing off that was booked meanwhile", async () => {
  const asked = standsIn(1);
  expect(await letGo({ id: "a", version: 1 })).toBe("free");
  expect(asked).toEqual([{ reason: "patient_request", version: 1 }]);
  standsIn(2);
  expect(await letGo({ id: "a", version: 1 })).toBe("booked");
});

it("leaves what cannot be let go to lapse", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
  expect(await letGo({ id: "a", version: 1 })).toBe("free");
});
