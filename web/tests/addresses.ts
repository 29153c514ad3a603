/** Which pages are for whom, and where somebody finds those that are about one thing. */
import type { Page } from "@playwright/test";
import type { PAGES } from "../src/app/pages";
import type { Role } from "../src/session/session";
import { told } from "./people";

/** A role, or nobody who is signed in. */
export type Who = Role | null;

export function isFor(allow: (typeof PAGES)[number]["allow"], who: Who): boolean {
  if (allow === "anyone") return true;
  if (allow === "signed-out") return who === null;
  return who !== null && (allow === "signed-in" || allow.includes(who));
}

type Listed = { items: { id: string; therapist: { id: string } }[] };
const WHERE = { "/messages": "/api/conversations", "/appointments": "/api/appointments" };

/** The address of a page, for one with an `:id` as this person would come to it. */
export async function addressOf(page: Page, path: string): Promise<string> {
  if (!path.includes(":id")) return path;
  const [, list] = Object.entries(WHERE).find(([begins]) => path.startsWith(begins)) ?? [];
  const { items } = await told<Listed>(page, list ?? "/api/care-relationships");
  const one = items.at(-1);
  if (!one) throw new Error(`there is nothing to show at ${path}`);
  return path.replace(":id", list ? one.id : one.therapist.id);
}
