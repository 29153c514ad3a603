/** The people of the tests: the seeded ones with a session to begin with, and new ones with mails of their own. */
import { randomUUID } from "node:crypto";
import {
  type APIRequestContext,
  type Browser,
  type BrowserContext,
  expect,
  type Page,
  request,
} from "@playwright/test";
import type { Role } from "../src/session/session";

/** Where each seeded person's cookies are kept while the tests run. */
export const STATES = new URL("results/", import.meta.url).pathname;
export const SEEDED = ["PATIENT", "THERAPIST", "ADMINISTRATOR"] as const satisfies readonly Role[];

export function origin(): string {
  const where = process.env.BLOOM_ORIGIN;
  if (!where) throw new Error("no system runs");
  return where;
}

export const stateOf = (role: Role) => `${STATES}${role}.json`;
export const emailOf = (role: Role) => `${role.toLowerCase()}@bloom.test`;
export const passwordOf = (role: Role) => `bloom-${role.toLowerCase()}-dev`;

/** Requests as a browser of the product's own origin sends them. */
export async function asking(storageState?: string): Promise<APIRequestContext> {
  return request.newContext({ baseURL: origin(), extraHTTPHeaders: { origin: origin() }, storageState });
}

/** Sign a seeded person in once, for every test: the account has a limit that tests would meet. */
export async function keepSignedIn(role: Role): Promise<void> {
  const context = await asking();
  const answer = await context.post("/api/auth/sign-in", {
    data: { email: emailOf(role), password: passwordOf(role) },
  });
  if (!answer.ok()) throw new Error(`${role} cannot sign in: ${answer.status()} ${await answer.text()}`);
  await context.storageState({ path: stateOf(role) });
  await context.dispose();
}

type ContextOptions = Parameters<Browser["newContext"]>[0];

/** A browser of its own, signed in as a seeded person or as nobody. */
export async function browserOf(
  browser: Browser,
  role: Role | null,
  options: ContextOptions = {},
): Promise<BrowserContext> {
  return browser.newContext({
    baseURL: origin(),
    storageState: role ? stateOf(role) : undefined,
    ...options,
  });
}

/** An address that nobody has yet. */
export const newAddress = (who: string) => `${who}-${randomUUID().slice(0, 8)}@web.test`;

interface Mail {
  subject: string;
  recipients: string[];
  text: string;
  links: string[];
}

/** The newest mail to an address with such a link, once it came. */
export async function linkTo(address: string, path: string): Promise<string> {
  const context = await asking();
  let link: string | undefined;
  await expect
    .poll(
      async () => {
        const mails = (await (await context.get("/dev/mail.json")).json()) as Mail[];
        const links = mails
          .filter(({ recipients }) => recipients.includes(address))
          .flatMap((mail) => mail.links);
        link = links.find((each) => each.includes(path));
        return link;
      },
      { message: `a mail to ${address} with a link to ${path}`, timeout: 30_000 },
    )
    .toBeTruthy();
  await context.dispose();
  return link as string;
}

/** Read the API as somebody signed in does; fails where it refuses. */
export async function told<Answer>(context: APIRequestContext | Page, path: string): Promise<Answer> {
  const requests = "request" in context ? context.request : context;
  const answer = await requests.get(path);
  expect(answer.status(), `GET ${path}`).toBe(200);
  return (await answer.json()) as Answer;
}

/** Have something done through the API, where a test is about what comes after it; fails where it refuses. */
export async function did<Answer>(
  context: APIRequestContext | Page,
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  data: object = {},
): Promise<Answer> {
  const requests = "request" in context ? context.request : context;
  const headers = { "Idempotency-Key": randomUUID(), origin: origin() };
  const answer = await requests.fetch(path, { method, data, headers });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBeTruthy();
  return (answer.status() === 204 ? {} : await answer.json()) as Answer;
}

/** Somebody new, by the API: signed up, their address confirmed, signed in. */
export async function newcomer(role: "PATIENT" | "THERAPIST", name: string): Promise<APIRequestContext> {
  const context = await asking();
  const email = newAddress(role.toLowerCase());
  const password = "seven quiet herons wade";
  await did(context, "POST", "/api/auth/sign-up", { name, email, password, role });
  const link = new URL(await linkTo(email, "/verify-email"));
  await did(context, "POST", "/api/auth/verify-email", {
    token: new URLSearchParams(link.hash.slice(1)).get("token"),
  });
  await did(context, "POST", "/api/auth/sign-in", { email, password });
  return context;
}

/** Prove anew who asks: some steps want a proof of the last minutes. The session has another token then, which is kept. */
export async function proven(context: APIRequestContext, role: Role): Promise<void> {
  await did(context, "POST", "/api/auth/step-up", { password: passwordOf(role), code: null });
  await context.storageState({ path: stateOf(role) });
}
