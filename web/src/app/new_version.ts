/** Installs the service worker, and knows when a newer version of the client waits to take over. */
import { useSyncExternalStore } from "react";
import { onLeaving } from "@/session/session";
import { TAKE_OVER } from "./service_worker_words";

const LOOK_AGAIN_MS = 60 * 60 * 1000;

let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();

/** Install it once the page is there; where the browser has none, nothing happens. */
export function startServiceWorker(): void {
  if (!("serviceWorker" in navigator)) return;
  const registered: Promise<ServiceWorkerRegistration | undefined> =
    navigator.serviceWorker.register("/service_worker.js");
  // A browser that is told to have none may say yes and give nothing.
  registered.then((registration) => registration && watch(registration)).catch(() => undefined);
}

function watch(registration: ServiceWorkerRegistration): void {
  const look = () => {
    // With nothing in charge before it, what waits is the first version: there is nothing to replace.
    const found = navigator.serviceWorker.controller ? registration.waiting : null;
    if (found === waiting) return;
    waiting = found;
    for (const tell of listeners) tell();
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", look);
  });
  look();
  setInterval(() => void registration.update().catch(() => undefined), LOOK_AGAIN_MS);
  onLeaving(async () => {
    for (const notice of await registration.getNotifications()) notice.close();
  });
}

/** Whether a newer version waits. */
export function useNewVersion(): boolean {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => waiting !== null,
  );
}

/** Let the newer version take over, and show the page anew with it. */
export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting?.postMessage(TAKE_OVER);
}
