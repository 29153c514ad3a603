/**
 * When a person last used the session, in whichever tab of this browser. An answer of the server counts where somebody
 * did something shortly before: what pages ask by themselves, as whether there are new messages, keeps
 * nobody signed in who has walked away. Only the time is kept on the device, nothing about whom or what.
 */
import { onAnswer } from "@/api/client";

const STORED = "bloom.lastUse";
const NOTED_EVERY_MS = 3_000;
/** An answer so long after somebody did something is still their doing. */
const PERSON_MS = 60_000;

let noted = 0;
let ahead = 0;
/** Opening a page is somebody's doing. */
let worked = Date.now();

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

function note(response: Response) {
  const now = Date.now();
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (!Number.isNaN(told)) ahead = told - now;
  if (response.status === 401 || now - worked > PERSON_MS || now - noted < NOTED_EVERY_MS) return;
  noted = now;
  localStorage.setItem(STORED, String(now));
}

onAnswer(note);

if (typeof addEventListener === "function") {
  const work = ({ type, target }: Event) => {
    // A part of the page takes the focus by itself too, as what warns of the end does; the window only by somebody.
    if (type !== "focus" || target === window) worked = Date.now();
  };
  for (const doing of ["keydown", "pointerdown", "wheel", "focus"])
    addEventListener(doing, work, { capture: true, passive: true });
}
