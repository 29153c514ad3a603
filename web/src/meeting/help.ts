/** Help at once, over whatever the meeting's page shows: the lines that the client carries, which need no server. */
import { apart, type CrisisResource, dialled, likelyCountry, linesOf } from "@/crisis/lines";
import type { Words } from "@/i18n";
import type english from "@/i18n/en/meeting";

type HelpWords = Words<typeof english>["help"];

/** How a button looks here, its colours apart. */
export const BUTTON =
  "inline-flex min-h-11 items-center justify-center rounded-control px-4 py-2 font-semibold text-center";
const PLAIN = `${BUTTON} border border-line-strong bg-surface hover:bg-raised`;

/** The button, and the dialog that it opens; both are to stay in the page. */
export function helpAtOnce(words: HelpWords): [HTMLButtonElement, HTMLDialogElement] {
  const dialog = theLines(words);
  const button = made(
    "button",
    `${BUTTON} fixed top-3 right-3 z-50 border border-petal bg-surface text-petal hover:bg-petal-soft`,
    words.open,
  );
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  button.onclick = () => dialog.showModal();
  return [button, dialog];
}

function theLines(words: HelpWords): HTMLDialogElement {
  const dialog = made(
    "dialog",
    "m-auto w-[min(34rem,calc(100vw-2rem))] rounded-card border border-line bg-surface p-5 text-ink shadow-card",
  );
  const title = made("h2", "", words.title);
  title.id = "help-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const { lines, emergency } = apart(linesOf(likelyCountry(null, navigator.languages)));
  const list = made("ul", "grid gap-3");
  list.append(...lines.map((line) => theLine(line, words)));
  const close = made("button", PLAIN, words.close);
  close.type = "button";
  close.onclick = () => dialog.close();
  const body = made("div", "grid gap-4");
  body.append(title, made("p", "", words.lead), list);
  if (emergency) body.append(link(dialled("tel", emergency), filled(words.emergency, emergency)));
  body.append(close);
  dialog.append(body);
  return dialog;
}

function theLine({ name, call, text, url }: Partial<CrisisResource>, words: HelpWords): HTMLLIElement {
  const line = made("li", "grid gap-2 rounded-control border border-line p-3");
  const ways = made("div", "flex flex-wrap gap-2");
  if (call) ways.append(link(dialled("tel", call), filled(words.call, call)));
  if (text) ways.append(link(dialled("sms", text), filled(words.text, text)));
  if (url) {
    const site = link(url, words.visit);
    site.target = "_blank";
    site.rel = "noopener noreferrer";
    ways.append(site);
  }
  line.append(made("p", "font-bold", name ?? ""), ways);
  return line;
}

function link(address: string, text: string): HTMLAnchorElement {
  const anchor = made("a", PLAIN, text);
  anchor.href = address;
  return anchor;
}

const filled = (words: string, number: string) => words.replace("{{number}}", number);

function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  text = "",
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}
