/**
 * Runs before the libraries have arrived: shows the page's colours, and has the files of the page that is asked for, its
 * words, the session and the page's first answers fetched beside them instead of one after the other. Whatever it gets
 * wrong is fetched later as if it were not there.
 */
import { earlyKey } from "./api/early_answers";
import { inTime } from "./api/in_time";
import { showTheme } from "./app/theme";
import { preferredLanguage } from "./i18n/language";
import type { Role, Session } from "./session/session";
import { LOOKING_ON, SIGN_OUT_OWED } from "./session/stored_names";

type Needed = readonly [address: string, files: readonly string[], areas: readonly string[]];

/** Files of each page beside what all pages need, of each role's home, and of each language's words; by `build/early.ts`. */
declare const __PAGES__: readonly Needed[];
declare const __HOMES__: Readonly<Partial<Record<Role, Needed>>>;
declare const __WORDS__: Readonly<Record<string, Readonly<Record<string, string>>>>;
/** The type with the letters of our languages. */
declare const __FONT__: string;

const LIST = "/api/conversations?limit=50";
const CONVERSATION = /^\/messages\/([\w-]+)$/;
const HOME: Readonly<Partial<Record<Role, readonly string[]>>> = {
  PATIENT: [
    "/api/user/consents",
    "/api/user/erasure",
    LIST,
    "/api/user/profile",
    `/api/appointments?from=${new Date().toISOString()}&limit=20`,
    "/api/appointments?status=held&limit=20",
    "/api/waitlist?limit=100",
    "/api/care-relationships?limit=100",
  ],
  THERAPIST: ["/api/user/consents", "/api/user/erasure", LIST, "/api/user/profile", "/api/user/credentials"],
};

/** What a page asks the server for at once, by whose it is; letter by letter as the page does. */
function askedBy(page: string, role: Role): readonly string[] {
  if (page === "/dashboard") return HOME[role] ?? [];
  if (role === "ADMINISTRATOR") return [];
  const [, id] = page.match(CONVERSATION) ?? [];
  if (id) return [`/api/messages?conversationId=${id}&limit=60`, `/api/conversations/${id}`, LIST];
  return page === "/messages" ? [LIST] : [];
}

/** For so long an answer that nobody asked for is good, in milliseconds. */
const GOOD_MS = 15_000;

function fetchEarly(rel: "modulepreload" | "preload", href: string): void {
  const link = document.createElement("link");
  link.rel = rel;
  link.href = href;
  link.crossOrigin = "anonymous";
  if (rel === "preload") link.as = "font";
  document.head.append(link);
}

function fetchFiles(needed: Needed | undefined, ...common: string[]): void {
  const words = __WORDS__[preferredLanguage()];
  const [, files, areas] = needed ?? ["", [], []];
  for (const file of files) fetchEarly("modulepreload", file);
  for (const area of [...common, ...areas]) if (words?.[area]) fetchEarly("modulepreload", words[area]);
}

const answers = new Map<string, Promise<Response>>();
globalThis.bloomEarly = answers;

/** Ask, and lay the answer down for the client. */
function askEarly(address: string): Promise<Response> {
  const key = earlyKey(address);
  const answer = fetch(address, { credentials: "same-origin", signal: inTime() });
  const forget = () => answers.get(key) === answer && answers.delete(key);
  answers.set(key, answer);
  answer.then(() => setTimeout(forget, GOOD_MS), forget);
  return answer;
}

/** Who is signed in, where somebody is and may see pages. */
async function signedIn(): Promise<Role | null> {
  const answer = await askEarly("/api/auth/session");
  if (!answer.ok) return null;
  const { user, secondFactorOwed } = (await answer.clone().json()) as Session;
  return secondFactorOwed ? null : user.role;
}

async function askForPage(): Promise<void> {
  // Who looks on as somebody asks otherwise, and what is owed to a session that is over comes first.
  if (sessionStorage.getItem(LOOKING_ON) || localStorage.getItem(SIGN_OUT_OWED)) return;
  const role = await signedIn();
  if (!role) return;
  const page = location.pathname.replace(/(.)\/$/, "$1");
  for (const address of askedBy(page, role)) void askEarly(address);
  if (page === "/dashboard") fetchFiles(__HOMES__[role]);
}

/** After the libraries, which take the network for themselves, and before the first words are shown in it. */
function fetchType(): void {
  const libraries = document.querySelector('link[rel="modulepreload"][href*="/libraries-"]');
  libraries?.addEventListener("load", () => fetchEarly("preload", __FONT__));
}

showTheme();
fetchType();
askForPage().catch(() => undefined);
fetchFiles(
  __PAGES__.find(([address]) => new RegExp(`^${address}/?$`).test(location.pathname)),
  "common",
);
