/**
 * The page that holds a meeting, apart from the client: it alone runs code of Zoom's, and its own connections reach
 * none of our servers. It is of our origin nevertheless: what the client keeps on the device lies within its reach.
 */
import { startTheme } from "@/app/theme";
import english from "@/i18n/en/meeting";
import spanish from "@/i18n/es/meeting";
import { preferredLanguage } from "@/i18n/language";
import "../styles.css";
import { type MeetingAccess, takeOver } from "./handing_over";
import { BUTTON, helpAtOnce } from "./help";
import { zoomClient } from "./zoom_sdk";

const WITHIN_MS = 10_000;
const APPOINTMENTS = "/appointments";

const language = preferredLanguage();
const words = { en: english, es: spanish }[language];

startTheme();
document.documentElement.lang = language;
document.title = `${words.title} · Bloom Health`;
document.body.append(...helpAtOnce(words.help));
void open();

async function open(): Promise<void> {
  const access = takeOver();
  if (!access) return say(words.nothing, link(APPOINTMENTS, words.home, "main"));
  const room = document.createElement("div");
  say(words.opening);
  root().append(room);
  try {
    await hold(access, room);
  } catch {
    offerLink(access);
  }
}

/** Join within the page. Throws where that is not possible, or does not become so in time. */
async function hold({ sdk, link: address, name, back }: MeetingAccess, room: HTMLElement): Promise<void> {
  const client = await zoomClient(WITHIN_MS);
  client.on("connection-change", ({ state }) => {
    if (state === "Closed") say(words.ended, link(back, words.back, "main"));
  });
  await client.init({
    zoomAppRoot: room,
    language: language === "es" ? "es-ES" : "en-US",
    patchJsMedia: true,
    leaveOnPageUnload: true,
  });
  await client.join({
    signature: sdk.signature,
    sdkKey: sdk.sdkKey,
    meetingNumber: sdk.meetingNumber,
    userName: name,
    password: new URL(address).searchParams.get("pwd") ?? "",
    customerKey: sdk.customerKey,
    ...(sdk.registrantToken && { tk: sdk.registrantToken }),
    ...(sdk.zak && { zak: sdk.zak }),
  });
  root().querySelector("[data-words]")?.remove();
}

function offerLink({ link: address, back }: MeetingAccess): void {
  const way = link(address, words.link, "main");
  way.target = "_blank";
  way.rel = "noopener noreferrer";
  say(words.slow, way, link(back, words.back, "plain"));
  way.focus();
}

function root(): HTMLElement {
  return document.getElementById("root") as HTMLElement;
}

/** The page says this and nothing else. */
function say(text: string, ...ways: HTMLAnchorElement[]): void {
  const page = document.createElement("main");
  page.dataset.words = "";
  page.className = "mx-auto grid max-w-xl gap-5 p-6 pt-12";
  const title = document.createElement("h1");
  title.textContent = words.title;
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  told.textContent = text;
  const steps = document.createElement("p");
  steps.className = "flex flex-wrap gap-2";
  steps.append(...ways);
  page.append(title, told, steps);
  root().replaceChildren(page);
}

function link(address: string, text: string, look: "main" | "plain"): HTMLAnchorElement {
  const anchor = document.createElement("a");
  anchor.href = /^(https?:|\/)/.test(address) ? address : APPOINTMENTS;
  anchor.textContent = text;
  anchor.className = `${BUTTON} ${look === "main" ? "bg-leaf text-on-leaf hover:bg-leaf-strong" : "border border-line-strong bg-surface hover:bg-raised"}`;
  return anchor;
}
