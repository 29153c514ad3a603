/** Tells how fast the page was that somebody began with: numbers and the page's route, nothing about who. */
import { matchPath } from "react-router";
import { onCLS, onINP, onLCP } from "web-vitals";
import type { Shape } from "@/api/client";
import { PAGES } from "./pages";

type Vitals = Shape<"PageVitals">;

const began = PAGES.find(({ path }) => matchPath(path, location.pathname));
const measured: Omit<Vitals, "page"> = {};

/** Measure until the page is left, and tell it then, once. */
export function startVitals(): void {
  if (!began) return;
  onLCP(({ value }) => {
    measured.largestPaintMs = value;
  });
  onINP(({ value }) => {
    measured.interactionMs = value;
  });
  onCLS(({ value }) => {
    measured.layoutShift = value;
  });
  addEventListener("visibilitychange", tell);
}

function tell() {
  if (document.visibilityState !== "hidden" || !began) return;
  removeEventListener("visibilitychange", tell);
  // Without credentials: not even the cookie goes along.
  const body: Vitals = { page: began.path, ...measured };
  void fetch("/api/vitals", {
    method: "POST",
    keepalive: true,
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => undefined);
}
