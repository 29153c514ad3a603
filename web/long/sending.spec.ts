/** Sending that does not work at once: a server away, a conversation that has ended, files that cannot be taken. */
import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import { patientInCare } from "../tests/caring";
import { write } from "../tests/chatting";
import { asking, browserOf, did, stateOf, told } from "../tests/people";
import { filled, words } from "../tests/words";

const { composer, file, message, problem, thread } = words.messages;

const field = (page: Page) => page.getByLabel(composer.label, { exact: true });

test("what could not be sent is tried again at a press, and what is refused keeps its words", async ({
  browser,
}) => {
  const { page, conversationId } = await patientInCare(browser, "Tessa Tries");
  await page.goto(`/messages/${conversationId}`);
  let away = true;
  let tries = 0;
  await page.context().route("**/api/messages", (route) => {
    if (route.request().method() !== "POST" || !away) return route.fallback();
    tries += 1;
    return route.fulfill({ status: 503, headers: { "Retry-After": "600" }, body: "" });
  });
  await write(page, "I walked the dog.");
  await expect(page.getByText(message.waiting)).toBeVisible();
  expect(tries).toBe(1);
  away = false;
  await page.getByRole("button", { name: message.retry }).click();
  await expect(page.getByText(message.sent).or(page.getByText(message.delivered))).toBeVisible();
  await expect(page.getByText("I walked the dog.")).toHaveCount(1);

  away = true;
  await write(page, "There is one more thing.");
  await expect(page.getByText(message.waiting)).toBeVisible();
  const desk = await asking(stateOf("THERAPIST"));
  type Cares = { items: { id: string; conversationId: string | null }[] };
  const { items } = await told<Cares>(desk, "/api/care-relationships?limit=200&status=accepted");
  const care = items.find((each) => each.conversationId === conversationId);
  await did(desk, "PATCH", `/api/care-relationships/${care?.id}`, { status: "ended" });
  await desk.dispose();
  away = false;
  await page.getByRole("button", { name: message.retry }).click();
  await expect(page.getByText(problem["conversation-closed"])).toBeVisible();
  await expect(page.getByRole("heading", { name: thread.closedTitle })).toBeVisible();
  await expect(page.getByRole("button", { name: message.retry })).toHaveCount(0);
  await expect(page.getByRole("button", { name: message.takeBack })).toHaveCount(0); // there is no field to put it into
  await page.reload();
  await expect(page.getByText("There is one more thing.")).toBeVisible();
  await page.getByRole("button", { name: message.discard }).click();
  await expect(page.getByText("There is one more thing.")).toHaveCount(0);
  await page.context().close();
});

test("files that cannot be taken are told why, one by one, and the others go with the message", async ({
  browser,
}) => {
  const { page, conversationId } = await patientInCare(browser, "Fia Files");
  await page.goto(`/messages/${conversationId}`);
  await expect(field(page)).toBeVisible();
  const chosen = (name: string, mimeType: string, content: string | Buffer) => ({
    name,
    mimeType,
    buffer: Buffer.from(content),
  });
  const picker = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: composer.attach }).click();
  await (await picker).setFiles([
    chosen("film.txt", "text/plain", Buffer.alloc(25 * 1024 * 1024 + 1, "a")),
    chosen("program.exe", "application/x-msdownload", "MZ"),
    chosen("nothing.txt", "text/plain", ""),
    chosen("not-a-picture.png", "image/png", "these are words"),
    chosen("sleep.txt", "text/plain", "Monday 6 h, Tuesday 7 h"),
  ]);
  const entry = (name: string) =>
    page.getByRole("list", { name: file.list }).getByRole("listitem").filter({ hasText: name });
  await expect(entry("film.txt")).toContainText(file.tooLarge);
  await expect(entry("program.exe")).toContainText(file.kind);
  await expect(entry("nothing.txt")).toContainText(file.empty);
  await expect(entry("not-a-picture.png")).toContainText(problem["file-refused"]);
  await expect(
    page.getByRole("button", { name: filled(file.retry, { name: "not-a-picture.png" }) }),
  ).toHaveCount(0); // it would be refused again
  await expect(entry("sleep.txt")).toContainText(file.ready);
  await field(page).fill("My nights of this week.");
  await expect(page.getByText(composer.waitForFiles)).toBeVisible();
  await field(page).press("Enter");
  await expect(field(page)).toHaveValue("My nights of this week."); // nothing is sent without what belongs to it
  for (const name of ["film.txt", "program.exe", "nothing.txt", "not-a-picture.png"])
    await page.getByRole("button", { name: filled(file.remove, { name }) }).click();
  await field(page).press("Enter");
  await expect(page.getByText(message.sent).or(page.getByText(message.delivered))).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "sleep.txt" }).click();
  // The name is the owner's words, so the address of the file does not have it.
  expect(await readFile(await (await download).path(), "utf8")).toBe("Monday 6 h, Tuesday 7 h");
  await page.context().close();
});

test("a page that was never here says without a connection that it needs one", async ({ browser }) => {
  const context = await browserOf(browser, "PATIENT", { serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto("/messages");
  await expect(page.locator("h1")).toBeVisible();
  await context.setOffline(true);
  await page.getByRole("link", { name: words.common.nav.appointments }).first().click();
  await expect(page.getByRole("heading", { name: words.common.brokenOffline.title })).toBeVisible();
  await context.setOffline(false);
  await page.getByRole("button", { name: words.common.brokenOffline.reload }).click();
  await expect(page.getByRole("heading", { name: words.patient.appointments.title })).toBeVisible();
  await context.close();
});
