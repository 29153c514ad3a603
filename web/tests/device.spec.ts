/** The client on somebody's device: installed, without a connection, in a newer version, and after they left. */
import { expect, type Page, test } from "@playwright/test";
import { takenIntoCare } from "./caring";
import { write } from "./chatting";
import { signIn, signUp } from "./coming_in";
import { browserOf, did, told } from "./people";
import { everythingKept } from "./visiting";
import { words } from "./words";

const { common, everyone, messages, settings } = words;

/** The client's own script, which names addresses and nobody. */
const isCode = (line: string) => line.startsWith("import{") || line.includes("function");

const composer = (page: Page) => page.getByLabel(messages.composer.label, { exact: true });

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
  await page.waitForLoadState("networkidle"); // and the page has asked for its own worker
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
  const conversation = `/messages/${(await takenIntoCare(page)).conversationId}`;
  const [unsent, draft] = ["what waits to be sent", "what has only been begun"];
  for (const path of ["/settings/profile", "/messages", "/appointments", "/therapists", "/dashboard"])
    await page.goto(path);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const { user } = await told<{ user: { id: string } }>(page, "/api/auth/session");
  // No message is taken from here on, on this page or the next.
  await page
    .context()
    .route("**/api/messages", (route) =>
      route.request().method() === "POST" ? route.abort() : route.fallback(),
    );
  await page.goto(conversation);
  await write(page, unsent);
  await composer(page).fill(draft);
  await expect(async () => {
    const kept = await everythingKept(page);
    for (const words of [unsent, draft]) expect(kept).toContain(words);
  }).toPass();
  await page.goto("/dashboard");
  await page
    .getByRole("button", { name: new RegExp(`${common.menu}|${name}`) })
    .first()
    .click();
  await page.getByRole("button", { name: common.signOut }).click();
  await expect(page.getByText(common.unsent.title)).toBeVisible();
  await page.getByRole("button", { name: common.unsent.leave }).click();
  await expect(page).toHaveURL(/\/(sign-in.*)?$/);
  const kept = await everythingKept(page);
  expect(kept).toContain("/index.html"); // what is kept is the client itself
  for (const personal of [name, email, about, unsent, draft, user.id, "/api/"])
    expect(kept.split("\n").filter((line) => line.includes(personal) && !isCode(line))).toEqual([]);
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
  const conversation = `/messages/${(await takenIntoCare(page)).conversationId}`;
  await page.clock.install();
  await page.goto(conversation);
  await composer(page).fill("only begun");
  await page.clock.runFor(1_000);
  const otherTab = await page.context().newPage();
  await otherTab.goto("/appointments");
  await expect(otherTab.locator("h1")).toBeVisible();
  const { expiresAt } = await told<{ expiresAt: string }>(page, "/api/auth/session");
  await page.context().setOffline(true); // so that no answer tells the page what time it is elsewhere
  await page.clock.setSystemTime(Date.parse(expiresAt) - 100_000);
  await page.clock.runFor(21_000);
  await expect(page.getByText(common.ending.title)).toBeVisible();
  await page.clock.runFor(80_000);
  await expect(page.getByText(everyone.signIn.ended)).toBeVisible();
  await expect(otherTab.getByText(everyone.signIn.ended)).toBeVisible();
  for (const tab of [page, otherTab]) await expect(tab.getByText(common.signOutOwed)).toBeVisible();
  await page.context().setOffline(false);
  await page.clock.runFor(11_000);
  for (const tab of [page, otherTab]) await expect(tab.getByText(common.signOutOwed)).toBeHidden();
  await signIn(page, email, password);
  await expect(page).toHaveURL(new RegExp(`${conversation}$`));
  await expect(composer(page)).toHaveValue("only begun"); // which it promised to keep
  await page.context().close();
});

/** The paths that a page asks for, as it does. */
function askedBy(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  return asked;
}

const early = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLLinkElement>("link[rel=modulepreload]")].map(({ href }) => href),
  );

test("what the first page needs is fetched side by side, and once", async ({ browser }) => {
  const context = await browserOf(browser, null, { serviceWorkers: "block" });
  const page = await context.newPage();
  const asked = askedBy(page);
  await page.goto("/sign-in");
  await expect(page.getByRole("heading", { name: everyone.signIn.title })).toBeVisible();
  await page.waitForLoadState("networkidle");
  for (const one of asked.filter((path) => path.endsWith(".js")))
    expect(
      asked.filter((path) => path === one),
      one,
    ).toHaveLength(1);
  // Of nobody nothing is asked but who they are.
  expect(asked.filter((path) => path.startsWith("/api/"))).toEqual(["/api/auth/session"]);
  const parts = await early(page);
  for (const part of ["sign_in", "everyone", "common"])
    expect(
      parts.some((href) => href.includes(`/assets/${part}-`)),
      part,
    ).toBe(true);
  await context.close();
});

test("what home shows is asked for before the libraries have come, and once", async ({ browser }) => {
  const context = await browserOf(browser, "PATIENT", { serviceWorkers: "block" });
  const page = await context.newPage();
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (pathname.startsWith("/api/")) asked.push(`${pathname} ${searchParams.get("status") ?? ""}`.trim());
  });
  let comeNow = () => {};
  const held = new Promise<void>((done) => {
    comeNow = done;
  });
  await page.route("**/assets/libraries-*.js", (route) => held.then(() => route.continue()));
  await page.goto("/dashboard", { waitUntil: "commit" });
  const shown = [
    "/api/auth/session",
    "/api/user/consents",
    "/api/user/erasure",
    "/api/user/profile",
    "/api/conversations",
    "/api/appointments",
    "/api/appointments held",
    "/api/waitlist",
    "/api/care-relationships",
  ];
  await expect.poll(() => [...asked].sort()).toEqual([...shown].sort());
  // Nothing comes a second time: each of these is put into words below.
  let answeredTwice = false;
  page.on("request", (request) => {
    const again = shown.includes(new URL(request.url()).pathname);
    // The list is asked for anew once the socket is there.
    answeredTwice ||= again && !request.url().includes("/api/conversations");
  });
  comeNow();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByText(words.patient.home.next, { exact: true })).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(answeredTwice).toBe(false);
  const parts = await early(page);
  for (const part of ["home", "patient_parts", "patient"])
    expect(
      parts.some((href) => href.includes(`/assets/${part}-`)),
      part,
    ).toBe(true);
  await context.close();
});

test("a page has its colours before its libraries have come", async ({ browser }) => {
  const context = await browserOf(browser, null, { serviceWorkers: "block", colorScheme: "dark" });
  const page = await context.newPage();
  await page.route("**/assets/libraries-*.js", () => undefined);
  await page.goto("/", { waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await context.close();
});

test("help is there while the first page is still awaited", async ({ browser }) => {
  const context = await browserOf(browser, null, { serviceWorkers: "block" });
  const page = await context.newPage();
  await page.route("**/assets/sign_in-*.js", () => undefined);
  await page.route("**/api/auth/session", () => undefined);
  await page.goto("/sign-in", { waitUntil: "commit" });
  await page.getByRole("button", { name: common.crisis.open }).click();
  await expect(page.getByRole("heading", { name: common.crisis.title })).toBeVisible();
  await context.close();
});

test("what a conversation shows is asked for once", async ({ browser }) => {
  const { page } = await signUp(browser, "PATIENT", "Una Once");
  const conversation = `/messages/${(await takenIntoCare(page)).conversationId}`;
  const next = await page.context().newPage();
  const asked = askedBy(next);
  await next.goto(conversation);
  await expect(composer(next)).toBeVisible();
  await expect(next.getByText(messages.thread.empty)).toBeVisible();
  const id = conversation.split("/").at(-1);
  for (const one of ["/api/auth/session", `/api/conversations/${id}`])
    expect(
      asked.filter((path) => path === one),
      one,
    ).toHaveLength(1);
  await page.context().close();
});

test("help is there where a part of the first page does not come", async ({ browser }) => {
  const context = await browserOf(browser, "PATIENT", { serviceWorkers: "block" });
  const page = await context.newPage();
  for (const part of ["home-*.js", "*.woff2"])
    await page.route(`**/assets/${part}`, (route) => route.abort());
  await page.goto("/dashboard");
  const help = page.getByRole("heading", { name: common.crisis.title });
  // The page is loaded anew once by itself, and a press may come just before.
  await expect(async () => {
    if (!(await help.isVisible())) await page.getByRole("button", { name: common.crisis.open }).click();
    await expect(help).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await context.close();
});
