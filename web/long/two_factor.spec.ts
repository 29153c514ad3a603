/** Two-step sign-in of a patient: turned on with an app, come in by a backup code, turned off again. */
import { readFile } from "node:fs/promises";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { signIn, signUp } from "../tests/coming_in";
import { oneTimeCode } from "../tests/one_time_code";
import { browserOf } from "../tests/people";
import { filled, words } from "../tests/words";

const { common, everyone, settings } = words;
const { secondFactor } = everyone;
const { trusted, twoFactor } = settings.security;

async function atTheSecondStep(browser: Browser, email: string, password: string): Promise<Page> {
  const page = await (await browserOf(browser, null)).newPage();
  await page.goto("/sign-in");
  await signIn(page, email, password);
  await expect(page.getByRole("heading", { name: secondFactor.title })).toBeVisible();
  return page;
}

async function give(page: Page, backupCode: string): Promise<void> {
  const field = page.getByLabel(secondFactor.backupCode, { exact: true });
  if (!(await field.isVisible())) await page.getByRole("button", { name: secondFactor.backup }).click();
  await field.fill(backupCode);
  await field.press("Enter");
}

const isIn = /\/(dashboard|getting-started)$/;

test("a second step is set up with its picture and backup codes, each of which opens once, and is turned off", async ({
  browser,
}) => {
  const { page, email, password } = await signUp(browser, "PATIENT", "Toni Twostep");
  await page.goto("/settings/security");
  await page.getByRole("button", { name: twoFactor.turnOn }).click();
  const picture = page.getByRole("img", { name: twoFactor.qr });
  await expect(picture).toBeVisible();
  expect(
    await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth)),
  ).toBeGreaterThan(20);
  const secret = (await page.locator("[data-secret]").textContent())?.replaceAll(" ", "") ?? "";
  const inTheApp = await page.getByRole("link", { name: twoFactor.link }).getAttribute("href");
  expect(new URL(inTheApp ?? "").searchParams.get("secret")).toBe(secret);
  const code = page.getByLabel(twoFactor.step2);
  const wrong = String((Number(oneTimeCode(secret, Date.now())) + 1) % 1_000_000).padStart(6, "0");
  await code.fill(wrong);
  await page.getByRole("button", { name: twoFactor.confirm }).click();
  await expect(page.getByText(/This code does not fit/)).toBeVisible();
  await code.fill(oneTimeCode(secret, Date.now()));
  await page.getByRole("button", { name: twoFactor.confirm }).click();
  await expect(page.getByRole("heading", { name: twoFactor.codesTitle })).toBeVisible();
  const codes = await page
    .getByRole("listitem")
    .filter({ hasText: /^[a-z0-9]{5}-[a-z0-9]{5}$/ })
    .allTextContents();
  expect(codes).toHaveLength(10);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: twoFactor.download }).click();
  const saved = await readFile(await (await saving).path(), "utf8");
  for (const each of codes) expect(saved).toContain(each);
  await page.getByRole("button", { name: twoFactor.kept }).click();
  await expect(page.getByText(filled(twoFactor.left_other, { count: "10" }))).toBeVisible();

  const first = await atTheSecondStep(browser, email, password);
  await first.goto("/dashboard"); // half a sign-in opens nothing
  await expect(first).toHaveURL(/\/sign-in/);
  await first.context().close();
  const anew = await atTheSecondStep(browser, email, password);
  await give(anew, codes[0] ?? "");
  await expect(anew.getByText(filled(secondFactor.left_other, { count: "9" }))).toBeVisible();
  await expect(anew).toHaveURL(isIn);
  await anew.context().close();

  const later = await atTheSecondStep(browser, email, password);
  await give(later, codes[0] ?? "");
  await expect(later.getByText(everyone.problem["wrong-code"])).toBeVisible();
  await later.getByRole("checkbox", { name: secondFactor.trust }).check();
  await give(later, codes[1] ?? "");
  await expect(later).toHaveURL(isIn);
  await later.goto("/settings/security");
  await expect(later.getByText(trusted.none)).toHaveCount(0);
  await later.getByRole("button", { name: "Toni Twostep" }).click();
  await later.getByRole("dialog").getByRole("button", { name: common.signOut, exact: true }).click();
  await expect(later).toHaveURL(/\/(sign-in.*)?$/);
  await later.goto("/sign-in");
  await signIn(later, email, password);
  await expect(later).toHaveURL(isIn); // this browser is trusted, so no code is asked for
  await later.context().close();

  await page.getByRole("button", { name: twoFactor.turnOff }).click();
  const dialog = page.getByRole("dialog", { name: twoFactor.turnOff });
  await dialog.getByLabel(common.stepUp.password).fill(password);
  await dialog.getByLabel(common.stepUp.code).fill(oneTimeCode(secret, Date.now() + 30_000));
  await dialog.getByRole("button", { name: twoFactor.turnOff }).click();
  await expect(page.getByText(twoFactor.turnedOff)).toBeVisible();
  await expect(page.getByRole("button", { name: twoFactor.turnOn })).toBeVisible();
  await page.context().close();
  const last = await (await browserOf(browser, null)).newPage();
  await last.goto("/sign-in");
  await signIn(last, email, password);
  await expect(last).toHaveURL(isIn);
  await last.context().close();
});
