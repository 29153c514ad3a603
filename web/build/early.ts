/** Builds what runs before the libraries have arrived, and puts it into the page. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin, type Rolldown } from "vite";

const ROOT = new URL("..", import.meta.url).pathname;
const ENTRY =
  /path: "([^"]+)",\s+allow: ([^\n]+?),?\s+words: (\[[^\]]+\]|"\w+"),\s+load: \(\) => import\("@\/([^"]+)"\)/g;
/** The type with the letters of our languages. */
const FONT = /nunito-sans-latin-wght-normal-[\w-]+\.woff2$/;
const BUILT = "early.js";

/** What `early` adds to the files of the bundle, by its name. */
export const isEarly = (fileName: string) => /^early-[\w-]+\.js$/.test(fileName);

export function early(): Plugin {
  return {
    name: "bloom:early",
    apply: "build",
    writeBundle: {
      order: "pre",
      sequential: true,
      async handler({ dir = "" }, bundle) {
        const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
        const chunkOf = (module: string) => {
          const found = chunks.find(({ moduleIds }) =>
            moduleIds.some((id) => id.replace(/\.tsx?$/, "").endsWith(`/src/${module}`)),
          );
          return found ?? this.error(`${module} is in no chunk`);
        };
        const always = filesOf(chunkOf("main"), bundle);
        const needed = ({ path, areas, module }: PageInSource) => [
          path.replaceAll(/:\w+/g, "[^/]+"),
          [...filesOf(chunkOf(module), bundle)].filter((file) => !always.has(file)).map((file) => `/${file}`),
          areas,
        ];
        const inSource = pagesInSource();
        const font = Object.keys(bundle).find((name) => FONT.test(name)) ?? this.error("there is no font");
        const words: Record<string, Record<string, string>> = {};
        for (const { fileName, facadeModuleId } of chunks) {
          const [, language, area] = facadeModuleId?.match(/\/src\/i18n\/(\w\w)\/(\w+)\.ts$/) ?? [];
          if (language && area) words[language] = { ...words[language], [area]: `/${fileName}` };
        }
        await build({
          configFile: false,
          root: ROOT,
          publicDir: false,
          logLevel: "warn",
          define: {
            __PAGES__: JSON.stringify(inSource.pages.map(needed)),
            __HOMES__: JSON.stringify(
              Object.fromEntries(inSource.homes.map((home) => [home.allow, needed(home)])),
            ),
            __WORDS__: JSON.stringify(words),
            __FONT__: JSON.stringify(`/${font}`),
          },
          build: {
            outDir: dir,
            emptyOutDir: false,
            target: "es2022",
            rolldownOptions: {
              input: join(ROOT, "src/early.ts"),
              output: { format: "iife", entryFileNames: BUILT },
            },
          },
        });
        putIntoPage(dir);
      },
    },
  };
}

interface PageInSource {
  path: string;
  /** As it is written there: of a home the role. */
  allow: string;
  areas: string[];
  module: string;
}

/** The pages of `src/app/pages.ts`, read as text: its imports are the browser's. */
function pagesInSource(): { pages: PageInSource[]; homes: PageInSource[] } {
  const source = readFileSync(join(ROOT, "src/app/pages.ts"), "utf8");
  const [pages = "", homes = ""] = source.split("export const HOMES");
  return { pages: entriesIn(pages), homes: entriesIn(homes) };
}

function entriesIn(source: string): PageInSource[] {
  const found = [...source.matchAll(ENTRY)].map(([, path = "", allow = "", areas = "", module = ""]) => ({
    path,
    allow,
    areas: [...areas.matchAll(/\w+/g)].map(([area]) => area),
    module,
  }));
  const entries = source.match(/\bpath: "/g)?.length;
  if (found.length !== entries) throw new Error(`build/early.ts reads ${found.length} of ${entries} pages`);
  return found;
}

/** A chunk with all that it imports at once. */
function filesOf(
  chunk: Rolldown.OutputChunk,
  bundle: Rolldown.OutputBundle,
  taken = new Set<string>(),
): Set<string> {
  if (taken.has(chunk.fileName)) return taken;
  taken.add(chunk.fileName);
  for (const name of chunk.imports) {
    const imported = bundle[name];
    if (imported?.type === "chunk") filesOf(imported, bundle, taken);
  }
  return taken;
}

/** Under a name that changes with it, before the scripts that it helps. */
function putIntoPage(dir: string) {
  const code = readFileSync(join(dir, BUILT));
  const name = `assets/early-${createHash("sha256").update(code).digest("base64url").slice(0, 8)}.js`;
  renameSync(join(dir, BUILT), join(dir, name));
  const index = join(dir, "index.html");
  const page = readFileSync(index, "utf8");
  const scripts = '<script type="module"';
  if (!page.includes(scripts)) throw new Error("index.html has no script to go before");
  writeFileSync(index, page.replace(scripts, `<script async src="/${name}"></script>\n    ${scripts}`));
}
