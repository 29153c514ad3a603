// @vitest-environment jsdom
import { QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { expect, it, vi } from "vitest";
import { queryClient } from "@/api/queries";
import common from "@/i18n/en/common";
import { Dialog } from "./dialog";

it("has help at once within it, which closes alone", async () => {
  await i18n.use(initReactI18next).init({ lng: "en", resources: { en: { common } } });
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = () => undefined;
  vi.stubGlobal("fetch", async () => Response.json({}, { status: 401 }));
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={queryClient}>
      <Dialog title="Something to decide" onClose={onClose}>
        <p>words</p>
      </Dialog>
    </QueryClientProvider>,
  );
  fireEvent.click(screen.getByText(common.crisis.open));
  const title = await screen.findByText(common.crisis.title);
  await screen.findAllByText(/988/);
  fireEvent(title.closest("dialog") as HTMLElement, new Event("cancel", { cancelable: true }));
  expect([screen.queryByText(common.crisis.title), onClose.mock.calls.length]).toEqual([null, 0]);
  fireEvent(screen.getByRole("dialog"), new Event("cancel", { cancelable: true }));
  expect(onClose).toHaveBeenCalledOnce();
});
