/** From the list of pages to what the browser shows. */
import i18n from "i18next";
import { createBrowserRouter, type RouteObject } from "react-router";
import { fetchWords, startWords } from "@/i18n";
import { Guard } from "@/session/guard";
import { knownSession } from "@/session/session";
import { Waiting } from "@/ui/states";
import { BrokenPage, NotFoundPage } from "./fallbacks";
import { PAGES, type PageEntry, type PageModule } from "./pages";
import { Shell } from "./shell";

/** The page, its words and what all pages need come side by side. */
async function wordsOf(areas: PageEntry["words"]): Promise<void> {
  fetchWords([areas].flat());
  await startWords();
  await i18n.loadNamespaces(areas);
}

/** What the page that was fetched last asks for first. */
let ask: PageModule["ask"];

function route({ path, allow, words, load }: PageEntry): RouteObject {
  return {
    element: <Guard allow={allow} />,
    children: [
      {
        path,
        lazy: async () => {
          const [page] = await Promise.all([load(), wordsOf(words)]);
          ask = page.ask;
          return { Component: page.default };
        },
      },
    ],
  };
}

/** How long the first page is waited for, in milliseconds: then the shell comes alone, with help at once in it. */
const TOGETHER_MS = 300;

/** The type that the page is written in, as `styles.css` has it. */
const TYPE = "1em 'Nunito Sans Variable'";

/**
 * Wait for the first page, what it shows first and the type, so that all is there in one piece and nothing moves; not
 * longer than is calm, and not for what fails: the page says so itself.
 */
export function firstPage(session: Promise<unknown>): Promise<unknown> {
  const answers = Promise.all([fetched(), session]).then(() => knownSession() && ask?.());
  const together = Promise.allSettled([answers, document.fonts.load(TYPE)]);
  return Promise.race([together, new Promise((done) => setTimeout(done, TOGETHER_MS))]);
}

/** The page that is asked for has come, or cannot. */
function fetched(): Promise<void> {
  return new Promise((done) => {
    if (router.state.initialized) done();
    else router.subscribe(({ initialized }) => initialized && done());
  });
}

export const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <BrokenPage alone />,
    children: [
      {
        errorElement: <BrokenPage />,
        // Within the shell, so that help is there before the first page is.
        hydrateFallbackElement: <Waiting />,
        children: [...PAGES.map(route), { path: "*", element: <NotFoundPage /> }],
      },
    ],
  },
]);
