import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "./api/queries";
import { router } from "./app/router";
import { startTheme } from "./app/theme";
import { startWords } from "./i18n";
import { askEarly } from "./session/session";
import "./styles.css";

askEarly();
startTheme();
await startWords();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);

// What nobody waits for comes after the page, which may have been loaded before its words were.
if (import.meta.env.PROD) {
  const begin = () => {
    void import("./app/new_version").then(({ startServiceWorker }) => startServiceWorker());
    void import("./app/vitals").then(({ startVitals }) => startVitals());
  };
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin);
}
