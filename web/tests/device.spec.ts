/** The client on somebody's device: installed, without a connection, in a newer version, and after they left. */
import { expect, test } from "@playwright/test";
import { signIn, signUp } from "./coming_in";
import { browserOf, did, told } from "./people";
import { everythingKept } from "./visiting";
import { words } from "./words";

const { common, everyone, settings } = words;

test("the client can be installed, and opens without a connection", async ({ browser }) => {
  const context = await browserOf(browser, null);
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await context.newCDPSession(page);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual(
    [],
  );
  await context.setOffline(true);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: everyone.welcome.title })).toBeVisible();
  await page.getByRole("button", { name: common.crisis.open }).click();
  await expect(page.getByRole("heading", { name: common.crisis.title })).toBeVisible();
  await expect(page.getByRole("dialog").getByText("988").first()).toBeVisible();
  await context.close();
});

test("a newer version waits until it is asked for", async ({ browser }) => {
  const context = await browserOf(browser, null);
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload(); // the worker is in charge from the second page on
  // The same worker by another address is another version.
  await page.evaluate(() => navigator.serviceWorker.register("/service_worker.js?newer"));
  await expect(page.getByText(common.newVersion.ready)).toBeVisible();
  const inCharge = () => page.evaluate(() => navigator.serviceWorker.controller?.scriptURL);
  expect(await inCharge()).not.toContain("newer");
  const loaded = page.waitForEvent("load");
  await page.getByRole("button", { name: common.newVersion.take }).click();
  await loaded;
  expect(await inCharge()).toContain("newer");
  await expect(page.getByRole("heading", { name: everyone.signIn.title })).toBeVisible();
  await context.close();
});

test("nothing of a person is left on the device once they signed out", async ({ browser }) => {
  const { page, name, email } = await signUp(browser, "PATIENT", "Linn Lakewood");
  const about = "a secret that only I know";
  await did(page, "PATCH", "/api/user/profile", { about });
  for (const path of ["/settings/profile", "/messages", "/appointments", "/therapists", "/dashboard"])
    await page.goto(path);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const { user } = await told<{ user: { id: string } }>(page, "/api/auth/session");
  await page
    .getByRole("button", { name: new RegExp(`${common.menu}|${name}`) })
    .first()
    .click();
  await page.getByRole("button", { name: common.signOut }).click();
  await expect(page).toHaveURL(/\/(sign-in.*)?$/);
  const kept = await everythingKept(page);
  expect(kept).toContain("/index.html"); // what is kept is the client itself
  for (const personal of [name, email, about, user.id, "/api/"])
    expect(kept.split("\n").filter((line) => line.includes(personal) && !line.includes("function"))).toEqual(
      [],
    );
  await page.context().close();
});

test("a passkey is made, and brings its owner in", async ({ browser }) => {
  const { page } = await signUp(browser, "PATIENT", "Kim Keys");
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto("/settings/security");
  await page.getByRole("button", { name: settings.security.passkeys.add }).click();
  await page.getByLabel(settings.security.passkeys.name).fill("blue key");
  await page.getByLabel(settings.security.passkeys.name).press("Enter");
  await expect(page.getByText("blue key")).toBeVisible();
  await page.context().clearCookies();
  await page.goto("/sign-in");
  await page.getByRole("button", { name: everyone.signIn.passkey }).click();
  await expect(page).toHaveURL(/\/(dashboard|getting-started)$/);
  await page.context().close();
});

test("a session about to end warns, by the page's own clock", async ({ browser }) => {
  const { page, email, password } = await signUp(browser, "PATIENT", "Ewa Ending");
  await page.clock.install();
  await page.goto("/dashboard");
  await expect(page.locator("h1")).toBeVisible();
  const { expiresAt } = await told<{ expiresAt: string }>(page, "/api/auth/session");
  await page.clock.setFixedTime(new Date(Date.parse(expiresAt) - 60_000));
  await page.clock.runFor(60_000);
  await expect(page.getByRole("dialog").or(page.getByRole("alertdialog"))).toBeVisible();
  await page.context().clearCookies();
  await page.goto("/sign-in");
  await signIn(page, email, password);
  await page.context().close();
});
