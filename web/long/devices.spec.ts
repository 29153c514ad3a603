/** Where somebody is signed in: a browser elsewhere is seen, ended from here, and told kindly at once. */
import { expect, test } from "@playwright/test";
import { signIn, signUp } from "../tests/coming_in";
import { browserOf } from "../tests/people";
import { any, filled, words } from "../tests/words";

const { common, everyone, settings } = words;
const { sessions } = settings.security;
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

test("a browser elsewhere is seen and ended from here, and is signed out at once with kind words", async ({
  browser,
}) => {
  const { page, email, password } = await signUp(browser, "PATIENT", "Dina Devices");
  const phone = await (
    await browserOf(browser, null, { userAgent: IPHONE, viewport: { width: 390, height: 844 } })
  ).newPage();
  await phone.goto("/sign-in");
  await signIn(phone, email, password);
  await expect(phone).toHaveURL(/\/(dashboard|getting-started)$/);
  const desk = await (await browserOf(browser, null)).newPage();
  await desk.goto("/sign-in");
  await signIn(desk, email, password);
  await expect(desk).toHaveURL(/\/(dashboard|getting-started)$/);
  await phone.goto("/messages");
  await expect(phone.getByRole("heading", { level: 1 })).toBeVisible();

  await page.goto("/settings/security");
  const card = page
    .getByRole("region", { name: sessions.title })
    .or(page.locator("section", { hasText: sessions.text }));
  const entries = card.getByRole("listitem");
  await expect(entries).toHaveCount(3);
  await expect(entries.filter({ hasText: sessions.here })).toHaveCount(1);
  const safari = entries.filter({
    hasText: filled(settings.security.device.on, { browser: "Safari", system: "iPhone" }),
  });
  await safari.getByRole("button", { name: any(sessions.endNamed) }).click();
  await expect(page.getByText(sessions.ended)).toBeVisible();
  await expect(entries).toHaveCount(2);
  await expect(phone.getByText(everyone.signIn.ended)).toBeVisible({ timeout: 5_000 });
  await phone.goBack().catch(() => null);
  await expect(phone.getByRole("button", { name: common.signIn, exact: true })).toBeVisible();

  await page.getByRole("button", { name: sessions.endOthers }).click();
  await expect(page.getByText(sessions.othersEnded)).toBeVisible();
  await expect(entries).toHaveCount(1);
  await expect(desk.getByText(everyone.signIn.ended)).toBeVisible({ timeout: 5_000 });
  await expect(page.getByRole("button", { name: sessions.endOthers })).toHaveCount(0);
  for (const each of [page, phone, desk]) await each.context().close();
});
