/** Where somebody wanted to go before they had to sign in: a page of ours, never another's. */
import type { Location } from "react-router";

const SIGNING_IN = /^\/(sign-in|sign-up)(\/|$)/;

/** The path if it is one of our own pages, else null. */
export function ownPath(wanted: unknown, origin = location.origin): string | null {
  if (typeof wanted !== "string" || !wanted.startsWith("/")) return null;
  try {
    const url = new URL(wanted, origin);
    const { pathname, search } = url;
    // Two slashes at the beginning name another host wherever the path is read as an address.
    const others = url.origin !== origin || pathname.startsWith("//") || pathname.startsWith("/api/");
    return others || SIGNING_IN.test(pathname) ? null : pathname + search;
  } catch {
    return null;
  }
}

/** Where to go after signing in here: told by the fragment of the address, or kept since it was removed from there. */
export function returnTo({ hash, state }: Location): string | null {
  const kept = (state as { returnTo?: unknown } | null)?.returnTo;
  return ownPath(new URLSearchParams(hash.slice(1)).get("returnTo")) ?? ownPath(kept);
}
