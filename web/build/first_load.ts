/** Keeps the first page light: the build fails where opening the sign-in page would fetch more script than is allowed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";
import { isEarly } from "./early.ts";

const MOST_KB = 180;
/** What the browser runs by the time that the sign-in page is there and at rest, besides what these import. */
const FETCHED = [
  "src/main.tsx",
  "src/pages/everyone/sign_in.tsx",
  "src/i18n/en/common.ts",
  "src/i18n/en/everyone.ts",
  "src/app/new_version.ts",
  "src/app/vitals.ts",
];

export function firstLoad(): Plugin {
  return {
    name: "bloom:first-load",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
      const fetched = new Set<Rolldown.OutputChunk>();
      for (const name of FETCHED) {
        const chunk = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(`/${name}`)));
        if (!chunk) return this.error(`${name} is in no chunk: bring build/first_load.ts up to date`);
        take(chunk, bundle, fetched);
      }
      const assets = join(dir, "assets");
      const added = readdirSync(assets)
        .filter(isEarly)
        .map((name) => readFileSync(join(assets, name)));
      const bytes = [...[...fetched].map(({ code }) => code), ...added].reduce(
        (sum, code) => sum + gzipSync(code, { level: 9 }).length,
        0,
      );
      const told = `the sign-in page runs ${(bytes / 1000).toFixed(1)} KB of script (gzip), of ${MOST_KB}`;
      if (bytes > MOST_KB * 1000) this.error(told);
      this.info(told);
    },
  };
}

/** A chunk with all that it imports at once. */
function take(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle, taken: Set<Rolldown.OutputChunk>) {
  if (taken.has(chunk)) return;
  taken.add(chunk);
  for (const name of chunk.imports) {
    const imported = bundle[name];
    if (imported?.type === "chunk") take(imported, bundle, taken);
  }
}
