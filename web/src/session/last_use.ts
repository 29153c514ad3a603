/**
 * When the session was last used, by whichever tab of this browser: what the server answered is what counted there as
 * use. Only the time is kept on the device, nothing about whom or what.
 */
import { onAnswer } from "@/api/client";

const STORED = "bloom.lastUse";
const NOTED_EVERY_MS = 3_000;
let noted = 0;
let ahead = 0;

/** In milliseconds since 1970 by this device's clock; 0 where nothing was used yet. */
export function lastUse(): number {
  return Math.max(noted, Number(localStorage.getItem(STORED)) || 0);
}

/** How far the server's clock is ahead of this device's, in milliseconds. */
export function serverAhead(): number {
  return ahead;
}

/** Keep no trace of when somebody was here. */
export function forgetUse(): void {
  noted = 0;
  localStorage.removeItem(STORED);
}

onAnswer((response) => {
  if (response.status === 401) return;
  const now = Date.now();
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) ahead = told - now;
  if (now - noted < NOTED_EVERY_MS) return;
  noted = now;
  localStorage.setItem(STORED, String(now));
});
