/** What this browser itself tells while the page is in the background, where its person allows that. */

/** Whoever opens the notice comes back to the page; it bears no name and nothing of what was written. */
export async function showNotice(title: string, { body, tag }: { body: string; tag: string }): Promise<void> {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const look = { body, tag, icon: "/icon-192.png", badge: "/badge.png" };
  try {
    // On phones a page shows none by itself.
    const worker = await navigator.serviceWorker?.getRegistration();
    if (worker?.active) await worker.showNotification(title, look);
    else new Notification(title, look);
  } catch {
    // The count in the menu tells of it all the same.
  }
}
