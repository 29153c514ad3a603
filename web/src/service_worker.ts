/**
 * Keeps the client's own code on the device, so that it opens without a connection; nothing of a person's: what the API
 * or a signed link answers never passes through here. A new version waits until the page lets it take over.
 */
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { NOTICE_WORDS, TAKE_OVER } from "./app/service_worker_words";

declare const self: ServiceWorkerGlobalScope;
declare const __KEPT__: { url: string; revision: string | null }[];

/** Addresses that are no page of the client's: the API, the local cloud's own pages, and whatever has an ending. */
const NO_PAGES = [/^\/(api|dev|socket\.io)(\/|$)/, /\/[^/?]+\.[^/]+$/];
/** Where a notice may lead; anything else leads home. */
const LEADS_TO = ["/messages", "/appointments", "/alerts", "/dashboard"];

cleanupOutdatedCaches();
precacheAndRoute(__KEPT__, { cleanURLs: false, directoryIndex: "" });
registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { denylist: NO_PAGES }));

// From the first visit on: without a connection the next page is here too.
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", ({ data }) => {
  if (data === TAKE_OVER) void self.skipWaiting();
});

// A notice says that there is something, never what or from whom: a lock screen is read by others.
self.addEventListener("push", (event) => {
  const wanted = event.data?.text() ?? "";
  const { title, body } = NOTICE_WORDS[navigator.language.startsWith("es") ? "es" : "en"];
  const path = LEADS_TO.includes(wanted) ? wanted : "/dashboard";
  event.waitUntil(
    self.registration.showNotification(title, {
      body,
      icon: "/icon-192.png",
      badge: "/badge.png",
      tag: path,
      data: path,
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data as string | null));
});

/** Show the page in a window that is open already, else in a new one; without a page the window as it stands. */
async function open(path: string | null): Promise<void> {
  const [window] = await self.clients.matchAll({ type: "window" });
  if (!window) await self.clients.openWindow(path ?? "/dashboard");
  else if (!path) await window.focus();
  else await (await window.focus()).navigate(path);
}
