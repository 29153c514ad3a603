/** What the page and its service worker say to each other, and what a notice says to people. */

/** Asks a new version that waits to take over. */
export const TAKE_OVER = "take-over";

/** Words of a notice: the worker has no catalogue, and a notice has nothing personal to say. */
export const NOTICE_WORDS = {
  en: { title: "Bloom Health", body: "Something new is waiting for you." },
  es: { title: "Bloom Health", body: "Hay algo nuevo esperándote." },
};
