// @vitest-environment jsdom
import "fake-indexeddb/auto";
import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { createMemoryRouter, Outlet, RouterProvider } from "react-router";
import { expect, it, vi } from "vitest";
import { queryClient } from "@/api/queries";
import common from "@/i18n/en/common";
import settings from "@/i18n/en/settings";
import { Guard } from "@/session/guard";
import { lastWord } from "@/session/last_word";
import { useRemembered } from "@/session/remembered";
import { howItEnded, renewSession } from "@/session/session";
import { ErasureCard } from "./erasure_card";

const DRAFT = "bloom.draft.me.c";
const PATIENT = "PATIENT";
let open = true;

async function answer({ method, url }: Request): Promise<Response> {
  if (method === "DELETE") {
    open = false;
    // The socket tells that the session has ended before the answer is there.
    await renewSession();
    const kept = [{ kind: "records", until: null }];
    return Response.json({ status: "scheduled", dueAt: "2026-12-24T12:00:00Z", requestedAt: null, kept });
  }
  if (!open) return Response.json({}, { status: 401 });
  if (url.endsWith("/session"))
    return Response.json({ user: { id: "me", role: "PATIENT" }, sessionId: "one", secondFactorOwed: false });
  return Response.json({ status: "none" });
}

function Shell() {
  const last = useRemembered(lastWord);
  return (
    <>
      <Outlet />
      {last}
    </>
  );
}

it("says what becomes of the account though its session is over, and leaves nothing on the device", async () => {
  await i18n.use(initReactI18next).init({ lng: "en", resources: { en: { common, settings } } });
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = () => undefined;
  queryClient.setDefaultOptions({ queries: { retry: false } });
  vi.stubGlobal("fetch", answer);
  localStorage.setItem(DRAFT, "half a thought");
  const children = [{ path: "/settings/privacy", element: <ErasureCard role={PATIENT} /> }];
  const routes = [
    { element: <Guard allow="signed-in" />, children },
    { path: "/sign-in", element: <p>sign in</p> },
  ];
  const router = createMemoryRouter([{ element: <Shell />, children: routes }], {
    initialEntries: ["/settings/privacy"],
  });
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  fireEvent.click(await screen.findByText(settings.privacy.erasureAction));
  fireEvent.click(screen.getByText(settings.privacy.erasureYes));
  await screen.findByText("sign in");
  await screen.findByText(settings.privacy.erasureDone);
  await vi.waitFor(() => expect(howItEnded.get()).toBe("on-purpose"));
  await vi.waitFor(() => expect(localStorage.getItem(DRAFT)).toBeNull());
  fireEvent.click(screen.getAllByText(common.close).at(-1) as HTMLElement);
  expect(screen.queryByText(settings.privacy.erasureDone)).toBeNull();
});
