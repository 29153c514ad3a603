/** One store of what the server told, for all pages. */
import { onlineManager, QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem";

// A page opened without a connection waits for it, and goes on by itself: the browser tells of changes alone.
if (typeof navigator !== "undefined" && navigator.onLine === false) onlineManager.setOnline(false);

const TRIES = 3;
/** How long an answer is good without asking again, in milliseconds. */
const FRESH_MS = 15_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      retry: (tried, reason) => reason instanceof Problem && reason.passing && tried < TRIES - 1,
      retryDelay: (tried, reason) =>
        ((reason instanceof Problem && reason.retryAfter) || 2 ** tried) * 1000 * (0.75 + Math.random() / 2),
    },
    mutations: { retry: false },
  },
});
