/** How people come in: by the pages, as they would. */
import { type Browser, expect, type Page } from "@playwright/test";
import { browserOf, linkTo, newAddress } from "./people";
import { words } from "./words";

const { everyone, common } = words;

export interface Newcomer {
  page: Page;
  name: string;
  email: string;
  password: string;
}

/** Sign up, open the mail's link, confirm, sign in; ends on the first page of who is signed in. */
export async function signUp(
  browser: Browser,
  role: "PATIENT" | "THERAPIST",
  name: string,
): Promise<Newcomer> {
  const context = await browserOf(browser, null);
  const page = await context.newPage();
  const email = newAddress(role.toLowerCase());
  const password = "seven quiet herons wade";
  await page.goto("/sign-up");
  await page
    .getByRole("radio", { name: everyone.signUp[role === "PATIENT" ? "patient" : "therapist"] })
    .check();
  await page.getByLabel(everyone.signUp.name).fill(name);
  await page.getByLabel(everyone.signUp.email).fill(email);
  await page.getByLabel(everyone.password.choose, { exact: true }).fill(password);
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: everyone.signUp.submit }).click();
  await expect(page.getByRole("heading", { name: everyone.mailSent.title })).toBeVisible();
  await page.goto(await linkTo(email, "/verify-email"));
  await page.getByRole("button", { name: everyone.verify.confirm }).click();
  await expect(page.getByRole("heading", { name: everyone.verify.done })).toBeVisible();
  await page.goto("/sign-in");
  await signIn(page, email, password);
  await expect(page).toHaveURL(/\/(dashboard|getting-started)$/);
  return { page, name, email, password };
}

/** Fill in the sign-in page that is open. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel(everyone.signIn.email).fill(email);
  await page.getByLabel(everyone.signIn.password, { exact: true }).fill(password);
  await page.locator("main").getByRole("button", { name: common.signIn, exact: true }).click();
}
