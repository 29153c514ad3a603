/** An administrator's way: a second factor, the overview, a licence, and what the trail says of it. Runs last: from then
 * on this account wants a code. */
import { expect, test } from "@playwright/test";
import { signIn, signUp } from "./coming_in";
import { oneTimeCode } from "./one_time_code";
import { browserOf, did, emailOf, passwordOf, proven } from "./people";
import { filled, words } from "./words";

const { admin, everyone, settings } = words;

test("an administrator signs in with a code, looks over the whole, verifies a licence and finds it in the trail", async ({
  browser,
}) => {
  const applicant = await signUp(browser, "THERAPIST", "Tessa Tarn");
  const licence = { licenceNumber: "MFT-5501", region: "California", expiresOn: "2099-06-30" };
  await did(applicant.page, "POST", "/api/user/credentials", licence);
  await applicant.page.context().close();

  const context = await browserOf(browser, "ADMINISTRATOR");
  const page = await context.newPage();
  await proven(page.request, "ADMINISTRATOR");
  await page.goto("/settings/security");
  await page.getByRole("button", { name: settings.security.twoFactor.turnOn }).click();
  const secret = await page.locator("[data-secret]").textContent();
  await page.getByLabel(settings.security.twoFactor.step2).fill(oneTimeCode(secret ?? "", Date.now()));
  await page.getByRole("button", { name: settings.security.twoFactor.confirm }).click();
  await page.getByRole("button", { name: settings.security.twoFactor.kept }).click();
  await context.close();

  const anew = await browserOf(browser, null);
  const desk = await anew.newPage();
  await desk.goto("/sign-in");
  await signIn(desk, emailOf("ADMINISTRATOR"), passwordOf("ADMINISTRATOR"));
  await expect(desk.getByRole("heading", { name: everyone.secondFactor.title })).toBeVisible();
  // A code counts once, so the next one is given; half a minute ahead is within what clocks may differ.
  const code = desk.getByLabel(everyone.secondFactor.code, { exact: true });
  await code.fill(oneTimeCode(secret ?? "", Date.now() + 30_000));
  await code.press("Enter");
  await expect(desk.getByRole("heading", { name: admin.dashboard.title })).toBeVisible();
  await expect(desk.getByText(admin.dashboard.totals.therapistsAwaitingVerification)).toBeVisible();

  await desk.goto("/admin/licences");
  const entry = desk.getByRole("listitem").filter({ hasText: "Tessa Tarn" });
  await entry.getByRole("button", { name: admin.licences.decide }).click();
  await desk.getByRole("radio", { name: admin.licences.approve }).check();
  await desk.getByRole("button", { name: admin.licences.keep }).click();
  await expect(
    desk.getByText(filled(admin.licences.done.approve, { name: "Tessa Tarn" })).first(),
  ).toBeVisible();

  await desk.goto("/admin/audit");
  await expect(desk.getByRole("heading", { name: admin.audit.trail, exact: true })).toBeVisible();
  await expect(
    desk
      .getByRole("table")
      .getByText(/credentials|licence/)
      .first(),
  ).toBeVisible();
  await desk.getByRole("button", { name: admin.audit.proof.verify }).click();
  await expect(desk.getByText(admin.audit.proof.intact)).toBeVisible({ timeout: 30_000 });
  await anew.close();
});
