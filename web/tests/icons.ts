/** `node tests/icons.ts` draws the pictures in public/ that come from icon.svg; run it where that one changed. */
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";
import { theChromium } from "./chromium.ts";

const PUBLIC = new URL("../public/", import.meta.url).pathname;
const icon = readFileSync(`${PUBLIC}icon.svg`, "utf8");
/** Launchers cut a maskable icon to any shape within four fifths of it, so its ground goes to the edges. */
const maskable = icon
  .replace(' rx="16"', "")
  .replace('viewBox="0 0 64 64"', 'viewBox="-4 -4 72 72"')
  .replace('<rect width="64" height="64"', '<rect x="-4" y="-4" width="72" height="72"');
/** The small sign in a notification is a shape: what is drawn is white, the rest is clear. */
const badge = icon.replace(/<rect[^>]*\/>/, "").replace('fill="#f7f5f0"', 'fill="#fff"');
const DRAWN = [
  { name: "icon-192.png", from: icon, size: 192 },
  { name: "icon-512.png", from: icon, size: 512 },
  { name: "icon-maskable-512.png", from: maskable, size: 512 },
  { name: "badge.png", from: badge, size: 96 },
];

const browser = await chromium.launch({
  executablePath: theChromium() ?? undefined,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
const page = await browser.newPage();
for (const { name, from, size } of DRAWN) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>${from}`);
  await page.screenshot({ path: `${PUBLIC}${name}`, omitBackground: true });
}
await browser.close();
