/** A training's report, and a better model on its way to everybody: by itself to half, then by two administrators; and back. */
import { type Browser, expect, type Page, test } from "@playwright/test";
import { asking, browserOf, did, passwordOf, stateOf } from "../tests/people";
import { filled, words } from "../tests/words";

const { admin, common } = words;
const MODEL = "tuned-example";
const SECOND = { email: "administrator2@bloom.test", password: "bloom-administrator2-dev" };
/** A second classifier comes up beside the first; the ticks that follow come every two seconds. */
const SOON = { timeout: 60_000 };

/** Give the proof that a grave step asks for, where it is asked for. */
async function proving(page: Page, password: string, done: () => Promise<void>) {
  const proof = page.getByRole("dialog").filter({ hasText: common.stepUp.why });
  await expect(async () => {
    if (await proof.isVisible()) {
      await proof.getByLabel(common.stepUp.password).fill(password);
      await proof.getByLabel(common.stepUp.password).press("Enter");
    }
    await done();
  }).toPass(SOON);
}

async function secondAdministrator(browser: Browser): Promise<Page> {
  const requests = await asking();
  await did(requests, "POST", "/api/auth/sign-in", SECOND);
  const context = await browserOf(browser, null, { storageState: await requests.storageState() });
  await requests.dispose();
  return context.newPage();
}

const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

test("a training's report is a page of its own with pictures", async ({ browser }) => {
  const context = await browserOf(browser, "ADMINISTRATOR");
  const page = await context.newPage();
  await page.goto("/admin/models");
  await page
    .getByRole("button", { name: new RegExp(filled(admin.models.run.show, { time: "" })) })
    .first()
    .click();
  await expect(page.getByText(/accuracy 0\.8135/)).toBeVisible(); // its log
  const opened = context.waitForEvent("page");
  await page.getByRole("link", { name: admin.models.run.report }).click();
  const report = await opened;
  await expect(report.getByRole("heading").first()).toBeVisible();
  expect(await report.locator("svg").count()).toBeGreaterThan(1);
  await context.close();
});

test("a better model reaches everybody once two administrators agree, and one step takes it back", async ({
  browser,
}) => {
  const context = await browserOf(browser, "ADMINISTRATOR");
  const page = await context.newPage();
  await page.goto("/admin/models");
  await row(page, MODEL).getByRole("button", { name: MODEL }).click();
  const dialog = page.getByRole("dialog", { name: filled(admin.models.details, { name: MODEL }) });
  await expect(dialog.getByText(admin.models.verdicts.ahead)).toBeVisible();
  await expect(dialog.getByText(admin.models.confusion.title)).toBeVisible();
  await dialog.getByRole("button", { name: admin.models.tryIt }).click();
  await proving(page, passwordOf("ADMINISTRATOR"), () => expect(dialog).toBeHidden({ timeout: 2_000 }));
  await expect(row(page, MODEL).getByText(admin.models.statuses.challenger)).toBeVisible();

  const half = page
    .getByRole("listitem")
    .filter({ hasText: filled(admin.models.percent, { percent: "50" }) });
  await expect(half.first()).toHaveAttribute("aria-current", "step", SOON);
  await expect(page.getByText(admin.models.outlook.ask)).toBeVisible(SOON);
  await page.getByRole("button", { name: admin.models.advance }).click();
  await proving(page, passwordOf("ADMINISTRATOR"), () =>
    expect(page.getByText(admin.models.asked)).toBeVisible({ timeout: 2_000 }),
  );
  await page.getByRole("button", { name: admin.models.approve }).click(); // nobody approves what they asked for
  await expect(page.getByText(admin.problem["second-administrator-needed"])).toBeVisible();

  const second = await secondAdministrator(browser);
  await second.goto("/admin/models");
  await expect(second.getByText(admin.models.asked)).toBeVisible();
  await second.getByRole("button", { name: admin.models.approve }).click();
  await proving(second, SECOND.password, () =>
    expect(second.getByText(admin.models.asked)).toBeHidden({ timeout: 2_000 }),
  );
  const past = second
    .getByRole("listitem")
    .filter({ hasText: filled(admin.models.percent, { percent: "100" }) });
  await expect(past.getByText(admin.models.rolloutStatuses.completed)).toBeVisible(SOON);
  await expect(row(second, MODEL).getByText(admin.models.statuses.champion)).toBeVisible(SOON);

  await second.getByRole("button", { name: admin.models.backLast }).click();
  await second.getByRole("dialog").getByRole("button", { name: admin.models.backLast }).click();
  await proving(second, SECOND.password, () =>
    expect(second.getByText(admin.models.rolloutStatuses.rolled_back, { exact: true })).toBeVisible({
      timeout: 2_000,
    }),
  );
  await expect(second.getByText(admin.models.returns["by-hand"]).first()).toBeVisible();
  await context.storageState({ path: stateOf("ADMINISTRATOR") }); // a proof renews the token
  await second.context().close();
  await context.close();
});
