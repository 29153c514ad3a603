import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "./api/queries";
import { firstPage, router } from "./app/router";
import { startTheme } from "./app/theme";
import { startWords } from "./i18n";
import { askEarly } from "./session/session";
import "./styles.css";

/** When a first page is there for sure, in a browser that does not tell when it is at rest. */
const LATER_MS = 3_000;

const session = askEarly();
startTheme();
await startWords();
await firstPage(session);
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);

// What nobody waits for comes after the page, once the browser has nothing to do for it.
if (import.meta.env.PROD) {
  const begin = () => {
    void import("./app/new_version").then(({ startServiceWorker }) => startServiceWorker());
    void import("./app/vitals").then(({ startVitals }) => startVitals());
  };
  if ("requestIdleCallback" in window) requestIdleCallback(begin);
  else setTimeout(begin, LATER_MS);
}
