import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { early } from "./build/early.ts";
import { firstLoad } from "./build/first_load.ts";
import { GROUPS } from "./build/groups.ts";
import { serviceWorker } from "./build/service_worker.ts";

/** Where `make dev` answers; the development server of Vite passes the product's own paths on to it. */
const ORIGIN = process.env.BLOOM_ORIGIN ?? "http://localhost:3000";

export default defineConfig({
  plugins: [react(), tailwindcss(), early(), firstLoad(), serviceWorker()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  // Nothing is inlined as data: the policy of the page allows our own files only.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "meeting.html"], output: { codeSplitting: { groups: GROUPS } } },
  },
  server: {
    proxy: {
      // As the product's own page would ask: the server refuses what another origin sends.
      "/api": { target: ORIGIN, headers: { origin: ORIGIN } },
      "/socket.io": { target: ORIGIN, ws: true, headers: { origin: ORIGIN } },
    },
  },
});
