/** From the list of pages to what the browser shows. */
import i18n from "i18next";
import { createBrowserRouter, type RouteObject } from "react-router";
import { startWords } from "@/i18n";
import { Guard } from "@/session/guard";
import { Waiting } from "@/ui/states";
import { BrokenPage, NotFoundPage } from "./fallbacks";
import { PAGES, type PageEntry } from "./pages";
import { Shell } from "./shell";

/** The first page is on its way before the words are. */
async function wordsOf(areas: PageEntry["words"]): Promise<void> {
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
    errorElement: <BrokenPage />,
    hydrateFallbackElement: <Waiting />,
    children: [
      {
        errorElement: <BrokenPage />,
        children: [...PAGES.map(route), { path: "*", element: <NotFoundPage /> }],
      },
    ],
  },
]);
