/** Builds the service worker after the client, with the list of what it keeps on the device. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin, type Rolldown } from "vite";
import { isEarly } from "./early.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Files of `public/` that the client cannot do without when there is no connection. */
const FIXED = ["icon.svg"];

/** Something that is kept on the device; what is not named by its content has a revision. */
export interface Kept {
  url: string;
  revision: string | null;
}

export function serviceWorker(): Plugin {
  return {
    name: "bloom:service-worker",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      const bundled = [...Object.values(bundle)].filter(isForEverybody).map(({ fileName }) => fileName);
      const added = readdirSync(join(dir, "assets")).filter(isEarly);
      const hashed = [...bundled, ...added.map((name) => `assets/${name}`)];
      const kept: Kept[] = [
        ...hashed.map((name) => ({ url: `/${name}`, revision: null })),
        ...["index.html", ...FIXED].map((name) => ({ url: `/${name}`, revision: hash(join(dir, name)) })),
      ];
      await build({
        configFile: false,
        root: ROOT,
        publicDir: false,
        logLevel: "warn",
        define: { __KEPT__: JSON.stringify(kept), "process.env.NODE_ENV": JSON.stringify("production") },
        build: {
          outDir: dir,
          emptyOutDir: false,
          target: "es2022",
          rolldownOptions: {
            input: join(ROOT, "src/service_worker.ts"),
            output: { format: "iife", entryFileNames: "service_worker.js" },
          },
        },
      });
    },
  };
}

/** Whether all who use the client need it: administrators' pages and the meeting's are fetched when they are opened. */
function isForEverybody(output: Rolldown.OutputAsset | Rolldown.OutputChunk): boolean {
  if (!output.fileName.startsWith("assets/")) return false;
  if (output.type === "asset") return /\.(css|woff2)$/.test(output.fileName);
  const of = output.moduleIds.filter((id) => !id.startsWith("\0"));
  return !of.every((id) =>
    /\/src\/(pages\/admin|meeting|i18n\/..\/(admin|meeting))|\/(recharts|d3-|victory)/.test(id),
  );
}

function hash(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);
}
