/** Signing in as who Google or Zoom knows: somebody new, somebody known, and an address that waits to be proven here. */
import { type Browser, expect, type Page, test } from "@playwright/test";
import { signIn, signUp } from "../tests/coming_in";
import { browserOf, did, linkTo, newAddress, told } from "../tests/people";
import { words } from "../tests/words";

const { everyone, settings } = words;
type Way = "google" | "zoom";

/** From the sign-in page to the provider's, and back as somebody with this address. */
async function comeBackAs(page: Page, way: Way, email: string, verified = true): Promise<void> {
  await page.goto("/sign-in");
  await page.getByRole("link", { name: everyone.signIn[way] }).click();
  await page.getByPlaceholder("another address").fill(email);
  if (!verified) await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Continue" }).click();
}

const nobody = async (browser: Browser) => (await browserOf(browser, null)).newPage();
const ownAddress = async (page: Page) =>
  (await told<{ user: { email: string } }>(page, "/api/auth/session")).user.email;

for (const way of ["google", "zoom"] as const)
  test(`somebody new comes in with ${way}, and again as the same person`, async ({ browser }) => {
    const email = newAddress(way);
    const page = await nobody(browser);
    await comeBackAs(page, way, email);
    await expect(page).toHaveURL(/\/getting-started$/);
    expect(await ownAddress(page)).toBe(email);
    const { user } = await told<{ user: { id: string; role: string } }>(page, "/api/auth/session");
    expect(user.role).toBe("PATIENT");
    await page.goto("/settings/security");
    await expect(page.getByText(settings.security.password.none)).toBeVisible();
    await page.context().close();

    const again = await nobody(browser);
    await comeBackAs(again, way, email);
    await expect(again).toHaveURL(/\/getting-started$/);
    expect((await told<{ user: { id: string } }>(again, "/api/auth/session")).user.id).toBe(user.id);
    // It is the only way in, so it is not taken away.
    await again.goto("/settings/security");
    await again
      .getByRole("button", {
        name: settings.security.accounts.unlinkNamed.replace(
          "{{provider}}",
          way === "google" ? "Google" : "Zoom",
        ),
      })
      .click();
    await expect(
      again.getByText(settings.problem["only-way-in"]).or(again.getByText(settings.problem["last-way-in"])),
    ).toBeVisible();
    await again.context().close();
  });

test("who has an account with that address comes into it, and keeps their password", async ({ browser }) => {
  const { page, email, password, name } = await signUp(browser, "PATIENT", "Gina Given");
  await page.context().close();
  const other = await nobody(browser);
  await comeBackAs(other, "google", email);
  await expect(other).toHaveURL(/\/(dashboard|getting-started)$/);
  await expect(
    other.getByRole("button", { name: new RegExp(`${words.common.menu}|${name}`) }).first(),
  ).toBeVisible();
  await other.goto("/settings/security");
  await expect(other.getByText(new RegExp(`^${email}, since`))).toBeVisible();
  await other.context().clearCookies();
  await other.goto("/sign-in");
  await signIn(other, email, password); // the password stays as it was
  await expect(other).toHaveURL(/\/(dashboard|getting-started)$/);
  await other.context().close();
});

test("an address that neither side has proven opens nothing, and why is said on the sign-in page", async ({
  browser,
}) => {
  const page = await nobody(browser);
  await comeBackAs(page, "google", newAddress("unproven"), false);
  await expect(page.getByText(everyone.problem["provider-address-not-verified"])).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in$/); // nothing of it stays in the address
  await page.getByRole("link", { name: everyone.signIn.zoom }).click();
  await page.getByRole("button", { name: "Do not allow" }).click();
  await expect(page.getByText(everyone.problem["provider-sign-in-declined"])).toBeVisible();

  // Signed up here by somebody who never opened the mail: whoever proves the address elsewhere gets the account.
  const email = newAddress("squatter");
  const squatter = { name: "Somebody Else", email, password: "a password of a stranger", role: "PATIENT" };
  await did(page, "POST", "/api/auth/sign-up", squatter);
  const link = await linkTo(email, "/verify-email");
  await comeBackAs(page, "google", email);
  await expect(page).toHaveURL(/\/getting-started$/);
  expect(await ownAddress(page)).toBe(email);
  await page.context().close();
  const stranger = await nobody(browser);
  await stranger.goto("/sign-in");
  await signIn(stranger, email, squatter.password);
  await expect(stranger.getByText(everyone.problem["wrong-credentials"])).toBeVisible();
  await stranger.goto(link);
  await stranger.getByRole("button", { name: everyone.verify.confirm }).click();
  await expect(stranger.getByRole("heading", { name: everyone.verify.over })).toBeVisible();
  await stranger.context().close();
});
