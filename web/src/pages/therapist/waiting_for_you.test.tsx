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
import { WaitingForYou } from "./waiting_for_you";

const ANSWERS: Record<string, unknown> = {
  "/api/alerts": { items: [{ waitingSince: new Date().toISOString() }], nextCursor: null },
  "/api/care-relationships": { items: [], nextCursor: null },
  "/api/conversations": { items: [], nextCursor: null },
};

it("shows an alert also where the other parts cannot be learnt, and says which those are", async () => {
  await i18n.use(initReactI18next).init({ lng: "en", resources: { en: { common, therapist } } });
  queryClient.setDefaultOptions({ queries: { retry: false } });
  vi.stubGlobal("fetch", async ({ url }: Request) => {
    const found = ANSWERS[new URL(url).pathname];
    return found ? Response.json(found) : Response.json({}, { status: 503 });
  });
  render(
    <QueryClientProvider client={queryClient}>
      <MemoryRouter>
        <WaitingForYou ownId="me" />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  await screen.findByText("1 alert to look at");
  await screen.findByText("We cannot tell right now what waits in these: the review queue.");
  expect(screen.queryByText("Nothing is waiting for you.")).toBeNull();
});
