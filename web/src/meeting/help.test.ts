// @vitest-environment jsdom
import { expect, it } from "vitest";
import english from "@/i18n/en/meeting";
import spanish from "@/i18n/es/meeting";
import { helpAtOnce } from "./help";

it.each([english, spanish])("shows lines to call and the emergency number, one tap away", ({ help }) => {
  const [button, dialog] = helpAtOnce(help);
  let opened = false;
  dialog.showModal = () => {
    opened = true;
  };
  button.click();
  expect([button.textContent, opened]).toEqual([help.open, true]);
  const ways = [...dialog.querySelectorAll("a")].map(({ href }) => href);
  expect(ways).toEqual(expect.arrayContaining(["tel:988", "sms:988", "tel:911"]));
  expect(dialog.textContent).not.toContain("{{");
  expect(dialog.querySelector(`#${dialog.getAttribute("aria-labelledby")}`)?.textContent).toBe(help.title);
});
