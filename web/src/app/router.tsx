/** From the list of pages to what the browser shows. */
import i18n from "i18next";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Guard } from "@/session/guard";
import { Waiting } from "@/ui/states";
import { BrokenPage, NotFoundPage } from "./fallbacks";
import { PAGES, type PageEntry } from "./pages";
import { Shell } from "./shell";

function route({ path, allow, words, load }: PageEntry): RouteObject {
  return {
    element: <Guard allow={allow} />,
    children: [
      {
        path,
        lazy: async () => {
          const [page] = await Promise.all([load(), i18n.loadNamespaces(words)]);
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
