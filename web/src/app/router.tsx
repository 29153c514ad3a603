/** From the list of pages to what the browser shows. */
import i18n from "i18next";
import { createBrowserRouter, type RouteObject } from "react-router";
import { fetchWords, startWords } from "@/i18n";
import { Guard } from "@/session/guard";
import { Waiting } from "@/ui/states";
import { BrokenPage, NotFoundPage } from "./fallbacks";
import { PAGES, type PageEntry } from "./pages";
import { Shell } from "./shell";

/** The page, its words and what all pages need come side by side. */
async function wordsOf(areas: PageEntry["words"]): Promise<void> {
  fetchWords([areas].flat());
  await startWords();
  await i18n.loadNamespaces(areas);
}

function route({ path, allow, words, load }: PageEntry): RouteObject {
  return {
    element: <Guard allow={allow} />,
    children: [
      {
        path,
        lazy: async () => {
          const [page] = await Promise.all([load(), wordsOf(words)]);
          return { Component: page.default };
        },
      },
    ],
  };
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
