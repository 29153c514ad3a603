// @vitest-environment jsdom
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { MemoryRouter } from "react-router";
import { expect, it, vi } from "vitest";
import { queryClient } from "@/api/queries";
import common from "@/i18n/en/common";
import therapist from "@/i18n/en/therapist";
import TherapistHome from "./home";

const SOON = new Date(Date.now() + 1_800_000).toISOString();
const USER = { id: "t", name: "Theo", email: "theo@bloom.test", role: "THERAPIST" };

/** What an administrator who looks on may read; all else is refused. */
const READABLE: Record<string, unknown> = {
  "/api/auth/session": {
    user: USER,
    impersonated: true,
    sessionId: "s",
    expiresAt: SOON,
    absoluteExpiresAt: SOON,
  },
  "/api/user/credentials": { status: "verified", inForce: true, expiresOn: null },
  "/api/appointments/availability": {
    timeZone: "UTC",
    rules: [{ weekday: 1, start: "09:00", end: "10:00" }],
  },
  "/api/appointments": { items: [], nextCursor: null },
};

it("shows whoever looks on the day, by the hours' zone, and says what stays closed", async () => {
  await i18n.use(initReactI18next).init({ lng: "en", resources: { en: { common, therapist } } });
  const refused: string[] = [];
  vi.stubGlobal("fetch", async ({ url }: Request) => {
    const { pathname } = new URL(url);
    const found = READABLE[pathname];
    if (found) return Response.json(found);
    refused.push(pathname);
    return Response.json({ type: "urn:x:not-while-impersonating" }, { status: 403 });
  });
  render(
    <QueryClientProvider client={queryClient}>
      <MemoryRouter>
        <TherapistHome />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  await screen.findByText("You have no appointments today.");
  await screen.findByText("What waits for them is not shown while you look on.");
  expect(screen.queryByText("Times are shown in UTC.")).not.toBeNull();
  // The session is not known at the first rendering.
  expect(refused.filter((path) => path !== "/api/user/profile")).toEqual([]);
});
