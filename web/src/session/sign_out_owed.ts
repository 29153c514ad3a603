/**
 * A session that was ended here while its server may not know: the cookie, which no script can remove, would bring it
 * back. Its id, which opens nothing, stays on this device until the server has ended it.
 */
import { api, call } from "@/api/client";
import { Problem } from "@/api/problem";
import { Remembered } from "./remembered";
import { SIGN_OUT_OWED } from "./stored_names";
import { tellTabs } from "./tabs";

const owed = () => localStorage.getItem(SIGN_OUT_OWED);

/** Ended in this tab: what was asked before may still answer that it lives. */
let endedHere: string | null = null;

/** Whether the server could not be told so far. */
export const signOutOwed = new Remembered(typeof localStorage !== "undefined" && owed() !== null);

/** Whether a session that the server holds open was ended on this device; then it is ended at the server too. */
export async function wasEndedHere(sessionId: string): Promise<boolean> {
  if (sessionId === owed()) {
    await endAtServer(sessionId);
    return true;
  }
  settleSignOut();
  return sessionId === endedHere;
}

/** End it at the server; where that does not work now, it is owed. */
export async function endAtServer(sessionId: string | undefined): Promise<void> {
  if (sessionId) {
    endedHere = sessionId;
    localStorage.setItem(SIGN_OUT_OWED, sessionId);
  }
  try {
    await call(api.POST("/api/auth/sign-out"));
    settleSignOut();
  } catch (reason) {
    if (reason instanceof Problem && reason.status === 401) settleSignOut();
    else {
      hearOwed();
      tellTabs({ kind: "owed" });
    }
  }
}

/** The server could not be told, by this tab or another. */
export function hearOwed(): void {
  signOutOwed.set(owed() !== null);
}

/** The server holds that session open no more, or this device has another one. */
export function settleSignOut(): void {
  localStorage.removeItem(SIGN_OUT_OWED);
  signOutOwed.set(false);
}

if (typeof addEventListener === "function")
  addEventListener("storage", ({ key, newValue }) => {
    // Another tab reached the server.
    if (key === SIGN_OUT_OWED && newValue === null) signOutOwed.set(false);
  });
