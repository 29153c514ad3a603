/** Another password: by the mailed link for who forgot theirs, and what becomes of the old one and of open sessions. */
import { expect, test } from "@playwright/test";
import { signIn, signUp } from "../tests/coming_in";
import { browserOf, linkTo, newAddress } from "../tests/people";
import { words } from "../tests/words";

const { common, everyone } = words;
const { forgot, mailSent, reset } = everyone;

test("who forgot their password sets another by the mailed link, and the old one and open sessions are over", async ({
  browser,
}) => {
  const { page: elsewhere, email, password } = await signUp(browser, "PATIENT", "Fara Forgot");
  await elsewhere.goto("/settings/privacy");
  await expect(elsewhere.getByRole("heading", { name: words.settings.privacy.title })).toBeVisible();

  const page = await (await browserOf(browser, null)).newPage();
  await page.goto("/sign-in");
  await page.getByRole("link", { name: everyone.signIn.forgot }).click();
  await page.getByLabel(forgot.email).fill(newAddress("nobody"));
  await page.getByRole("button", { name: forgot.submit }).click();
  await expect(page.getByText(mailSent.reset)).toBeVisible(); // the same words as for an account that there is
  await page.getByRole("button", { name: mailSent.other }).click();
  await page.getByLabel(forgot.email).fill(email);
  await page.getByRole("button", { name: forgot.submit }).click();
  await expect(page.getByText(mailSent.reset)).toBeVisible();

  const link = await linkTo(email, "/reset-password");
  await page.goto(link);
  await expect(page.getByRole("heading", { name: reset.title })).toBeVisible();
  await expect(page).toHaveURL(/\/reset-password$/); // the token does not stay in the address
  const field = page.getByLabel(everyone.password.chooseNew, { exact: true });
  await field.fill("password123");
  await page.getByRole("button", { name: reset.submit }).click();
  await expect(page.getByText(everyone.problem["password-too-easy"])).toBeVisible();
  const another = "nine slow otters drift";
  await field.fill(another);
  await page.getByRole("button", { name: reset.submit }).click();
  await expect(page.getByRole("heading", { name: reset.done })).toBeVisible();

  await expect(elsewhere.getByText(everyone.signIn.ended)).toBeVisible();
  await elsewhere.context().close();

  await page.getByRole("main").getByRole("link", { name: common.signIn }).click();
  await signIn(page, email, password);
  await expect(page.getByText(everyone.problem["wrong-credentials"])).toBeVisible();
  await signIn(page, email, another);
  await expect(page).toHaveURL(/\/(dashboard|getting-started)$/);
  await page.context().close();

  const late = await (await browserOf(browser, null)).newPage();
  await late.goto(link);
  await late.getByLabel(everyone.password.chooseNew, { exact: true }).fill("seven quiet herons wade on");
  await late.getByRole("button", { name: reset.submit }).click();
  await expect(late.getByRole("heading", { name: reset.over })).toBeVisible();
  await late.getByRole("link", { name: reset.anew }).click();
  await expect(late.getByRole("heading", { name: forgot.title })).toBeVisible();
  await late.context().close();
});
