// @vitest-environment jsdom
import { expect, it, vi } from "vitest";
import { showNotice } from "./notices";

it("tells through the page's worker, as a phone's browser refuses it to the page itself", async () => {
  const asked = vi.fn(function refuse() {
    throw new TypeError("Illegal constructor");
  });
  vi.stubGlobal("Notification", Object.assign(asked, { permission: "granted" }));
  const showNotification = vi.fn(async () => undefined);
  const getRegistration = async () => ({ active: {}, showNotification });
  Object.defineProperty(navigator, "serviceWorker", { value: { getRegistration }, configurable: true });
  await showNotice("Bloom", { body: "Something waits", tag: "1" });
  expect(showNotification).toHaveBeenCalledWith("Bloom", expect.objectContaining({ tag: "1" }));
  expect(asked).not.toHaveBeenCalled();

  Object.defineProperty(navigator, "serviceWorker", { value: { getRegistration: async () => undefined } });
  await expect(showNotice("Bloom", { body: "Something waits", tag: "2" })).resolves.toBeUndefined();
  expect(asked).toHaveBeenCalledOnce();
});
