// @vitest-environment jsdom
import "fake-indexeddb/auto";
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Problem } from "@/api/problem";
import { queryClient } from "@/api/queries";
import common from "@/i18n/en/common";
import { countUnsent, outboxStorage } from "@/realtime/outbox_storage";
import { Button } from "@/ui/button";
import { Guard } from "./guard";
import { beSignedOut, fetchSession, renewSession, type Session, signOut } from "./session";
import { SessionEnding } from "./session_ending";
import { SignOut } from "./sign_out";
import { signOutOwed } from "./sign_out_owed";
import { NotProven, StepUpProvider, useStepUp } from "./step_up";

const DRAFT = "bloom.draft.me.c";

/** The server: the session that its cookie opens, and how it answers to signing out. */
let open: Session | null;
let signingOut: number;
let asked: string[];

/** No two are the same, as at the server. */
let count = 0;

function session(more: Partial<Session> = {}): Session {
  count += 1;
  return {
    user: { id: "me", role: "PATIENT", name: "Mia", email: "mia@bloom.test" },
    sessionId: `session-${count}`,
    expiresAt: new Date(Date.now() + 1_800_000).toISOString(),
    absoluteExpiresAt: new Date(Date.now() + 36_000_000).toISOString(),
    secondFactorOwed: false,
    impersonated: false,
    ...more,
  } as Session;
}

function answer({ method, url }: Request): Response {
  const path = new URL(url).pathname;
  asked.push(`${method} ${path}`);
  if (path.endsWith("/session")) return open ? Response.json(open) : Response.json({}, { status: 401 });
  if (signingOut === 204) open = null;
  return new Response(null, { status: signingOut });
}

const waiting = (clientId: string, userId = "me") =>
  outboxStorage.add({
    clientId,
    userId,
    conversationId: "c",
    body: "not sent",
    attachments: [],
    writtenAt: 0,
    order: 0,
    refused: null,
  });

/** A step that always wants a fresh proof. */
function Grave({ onFailed }: { onFailed: (reason: unknown) => void }) {
  const guarded = useStepUp();
  const step = () => Promise.reject(new Problem("step-up-required", 403));
  return <Button onClick={() => void guarded(step).catch(onFailed)}>grave</Button>;
}

function show(path: string, element: React.ReactNode) {
  const children = [{ path, element }];
  const router = createMemoryRouter(
    [
      { element: <Guard allow="signed-in" />, children },
      { path: "/sign-in", element: <p>sign in</p> },
    ],
    { initialEntries: [path] },
  );
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

beforeEach(async () => {
  await i18n.use(initReactI18next).init({ lng: "en", resources: { en: { common } } });
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
  queryClient.setDefaultOptions({ queries: { retry: false } });
  vi.stubGlobal("fetch", async (request: Request) => answer(request));
  [open, signingOut, asked] = [session(), 204, []];
  localStorage.clear();
  signOutOwed.set(false);
  queryClient.clear();
  await renewSession();
});
afterEach(cleanup);

it("removes everybody's drafts and unsent messages, whichever pages were opened", async () => {
  localStorage.setItem(DRAFT, "half a thought");
  localStorage.setItem("bloom.draft.somebody-before.c", "theirs");
  sessionStorage.setItem("bloom.meeting", "{}");
  await waiting("mine");
  await waiting("theirs", "somebody-before");
  await beSignedOut();
  expect(Object.keys(localStorage).filter((key) => key.startsWith("bloom.draft"))).toEqual([]);
  expect(sessionStorage.length).toBe(0);
  expect(await outboxStorage.all()).toEqual([]);
});

it("ends a session that could not be ended before anything of it is shown again", async () => {
  const { sessionId } = open as Session;
  signingOut = 503;
  await signOut();
  expect([open?.sessionId, signOutOwed.get()]).toEqual([sessionId, true]);
  expect(await fetchSession()).toBeNull();
  signingOut = 204;
  expect(await fetchSession()).toBeNull();
  expect([open, signOutOwed.get(), JSON.stringify(localStorage).includes(sessionId)]).toEqual([
    null,
    false,
    false,
  ]);
});

it("leaves the session of whoever signed in meanwhile alone", async () => {
  signingOut = 503;
  await signOut();
  open = session();
  signingOut = 204;
  expect(await fetchSession()).toEqual(open);
  expect([open === null, signOutOwed.get()]).toEqual([false, false]);
});

it("does not lead whoever comes next to where the last person was", async () => {
  const router = show("/messages/7", <p>private</p>);
  await screen.findByText("private");
  await signOut();
  await screen.findByText("sign in");
  expect(router.state.location).toMatchObject({ pathname: "/sign-in", hash: "" });
});

it("asks before messages that wait are gone, and leaves at once where none does", async () => {
  await waiting("mine");
  show("/dashboard", <SignOut look="plain" />);
  fireEvent.click(await screen.findByRole("button", { name: common.signOut }));
  await screen.findByText(common.unsent.title);
  expect([await countUnsent("me"), asked.includes("POST /api/auth/sign-out")]).toEqual([1, false]);
  fireEvent.click(screen.getByText(common.unsent.stay));
  await outboxStorage.remove("mine");
  fireEvent.click(screen.getByRole("button", { name: common.signOut }));
  await screen.findByText("sign in");
  expect(asked).toContain("POST /api/auth/sign-out");
});

it("keeps what it promised to keep where a session near its end is exchanged for a new one", async () => {
  const soon = new Date(Date.now() + 60_000).toISOString();
  open = session({ expiresAt: soon, absoluteExpiresAt: soon });
  await renewSession();
  localStorage.setItem(DRAFT, "half a thought");
  await waiting("mine");
  const router = show("/messages/7", <SessionEnding session={open} />);
  fireEvent.click(await screen.findByText(common.ending.again));
  await screen.findByText("sign in");
  await waitFor(() => expect(asked).toContain("POST /api/auth/sign-out"));
  expect([localStorage.getItem(DRAFT), await countUnsent("me")]).toEqual(["half a thought", 1]);
  expect(router.state.location.hash).toBe("#returnTo=%2Fmessages%2F7");
});

it("lets whoever has no password, code or passkey prove themselves by coming in anew", async () => {
  localStorage.setItem(DRAFT, "half a thought");
  const outcome = vi.fn();
  const router = show(
    "/settings/security",
    <StepUpProvider>
      <Grave onFailed={outcome} />
    </StepUpProvider>,
  );
  fireEvent.click(await screen.findByText("grave"));
  fireEvent.click(await screen.findByText(common.stepUp.anew));
  await screen.findByText("sign in");
  expect(outcome).toHaveBeenCalledWith(expect.any(NotProven));
  expect([localStorage.getItem(DRAFT), router.state.location.hash]).toEqual([
    "half a thought",
    "#returnTo=%2Fsettings%2Fsecurity",
  ]);
});
