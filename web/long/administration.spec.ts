/** An administrator's rarer work: looking on as somebody, which they see and can end; the trail's proof; a training. */
import { expect, test } from "@playwright/test";
import { patientInCare } from "../tests/caring";
import { browserOf, passwordOf, stateOf } from "../tests/people";
import { filled, words } from "../tests/words";

const { admin, common, settings } = words;
const NAME = "Lotte Lookedat";

test("an administrator looks on without changing anything, and whom they look on as sees it and ends it", async ({
  browser,
}) => {
  const { page: patient, conversationId } = await patientInCare(browser, NAME);
  const context = await browserOf(browser, "ADMINISTRATOR");
  const page = await context.newPage();
  const begin = async () => {
    await page.goto("/admin/users");
    await page.getByLabel(admin.users.text).fill(NAME);
    await page.getByRole("button", { name: admin.users.search }).click();
    await page.getByRole("table").getByRole("button", { name: NAME }).first().click();
    const dialog = page.getByRole("dialog", { name: NAME });
    await dialog.getByLabel(admin.breakGlass.why).fill("short");
    await dialog.getByRole("button", { name: admin.users.look.begin }).click();
    await expect(dialog.getByText(admin.breakGlass.whyShort)).toBeVisible();
    await dialog.getByLabel(admin.breakGlass.why).fill("They cannot find their appointments.");
    await dialog.getByRole("button", { name: admin.users.look.begin }).click();
    const proof = page.getByRole("dialog").filter({ hasText: common.stepUp.why });
    await expect(proof.or(banner).first()).toBeVisible();
    if (await proof.isVisible()) {
      await proof.getByLabel(common.stepUp.password).fill(passwordOf("ADMINISTRATOR"));
      await proof.getByLabel(common.stepUp.password).press("Enter");
    }
    await expect(banner).toBeVisible();
  };
  const banner = page.getByRole("status").filter({ hasText: common.looking.end });
  await begin();
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(page.getByRole("heading", { name: /, Lotte$/ })).toBeVisible();
  await page.goto("/settings/notifications");
  await page.getByRole("switch", { name: settings.notifications.emailDayBefore }).click();
  await expect(page.getByText(common.problem["not-while-impersonating"])).toBeVisible();
  await page.goto(`/messages/${conversationId}`);
  await expect(page.getByText(common.problem["not-while-impersonating"]).first()).toBeVisible();
  await banner.getByRole("button", { name: common.looking.end }).click();
  await expect(page.getByRole("heading", { name: admin.users.title })).toBeVisible();
  await expect(
    page.getByText(filled(admin.impersonations.who, { administrator: "Ada Example", user: NAME })).first(),
  ).toBeVisible();
  await expect(page.getByText(admin.impersonations.endings.closed).first()).toBeVisible();

  await begin();
  await patient.goto("/settings/security");
  await expect(patient.getByText(settings.security.sessions.lookingOn)).toBeVisible();
  await patient.getByRole("button", { name: settings.security.sessions.lookingOnEnd }).click();
  await expect(patient.getByText(settings.security.sessions.lookingOnEnded)).toBeVisible();
  await page
    .getByRole("navigation", { name: common.menu })
    .getByRole("link", { name: common.nav.appointments })
    .click();
  await expect(page.getByRole("heading", { name: admin.users.title })).toBeVisible(); // their own page again
  await patient.goto("/settings/privacy");
  await patient.getByRole("button", { name: settings.privacy.logOpen }).click();
  await expect(
    patient.getByText(new RegExp(`^${settings.privacy.doers.administrator} .*look`)).first(),
  ).toBeVisible();
  await expect(patient.getByText(/privacy\./)).toHaveCount(0); // words, and no names of words
  await context.storageState({ path: stateOf("ADMINISTRATOR") }); // a proof renews the token
  await context.close();
  await patient.context().close();
});

test("the trail is shown to be as it was written, and a training without enough answers does not begin", async ({
  browser,
}) => {
  const page = await (await browserOf(browser, "ADMINISTRATOR")).newPage();
  await page.goto("/admin/audit");
  await page.getByRole("button", { name: admin.audit.proof.verify }).click();
  await expect(page.getByText(admin.audit.proof.intact)).toBeVisible({ timeout: 30_000 });
  await page.goto("/admin/models");
  await page.getByLabel(admin.models.run.days).fill("7");
  await page.getByRole("button", { name: admin.models.run.start }).click();
  await expect(page.getByText(admin.problem["too-little-feedback"])).toBeVisible();
  await expect(page.getByText(admin.models.run.queued)).toHaveCount(0);
  await page.context().close();
});
