/** Help for who wrote of not wanting to live, where they are by the time that it is known. */
import { expect, test } from "@playwright/test";
import { patientInCare } from "../tests/caring";
import { write } from "../tests/chatting";
import { everythingKept } from "../tests/visiting";
import { words } from "../tests/words";

const { common, messages } = words;

test("what was written without a connection brings help to the page where its author is by then", async ({
  browser,
}) => {
  const { page, conversationId } = await patientInCare(browser, "Odo Offline");
  const context = page.context();
  await page.goto(`/messages/${conversationId}`);
  await expect(page.getByLabel(messages.composer.label, { exact: true })).toBeVisible();
  // The first visit is enough: the rest of the client is on the device by then.
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await expect(page.getByText(common.offline)).toBeVisible();
  const said = "I want to kill myself. I have the pills here and I will take them tonight.";
  await write(page, said);
  await expect(page.getByText(messages.message.waiting)).toBeVisible();
  await page
    .getByRole("navigation", { name: common.menu })
    .getByRole("link", { name: common.nav.home })
    .click();
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await context.setOffline(false);
  const help = page.getByRole("dialog", { name: common.crisis.title });
  await expect(help.getByText("988").first()).toBeVisible();
  await expect(help.getByText(common.crisis.notWatched)).toBeVisible();
  await expect(page).toHaveURL(/\/dashboard$/);
  expect(await everythingKept(page)).not.toContain(said); // it is sent, and waits here no more
  await help.getByRole("button", { name: common.close }).click();
  await expect(help).toHaveCount(0);
  await page.goto(`/messages/${conversationId}`);
  await expect(page.getByText(said).first()).toBeVisible();
  await context.close();
});
