/** Starts a fresh system before the browser tests and ends it after them; BLOOM_ORIGIN names one that runs already. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import type { FullConfig } from "@playwright/test";
import { keepSignedIn, SEEDED, STATES } from "./people";

const ROOT = new URL("../..", import.meta.url).pathname;

export default async function startSystem(_: FullConfig) {
  const end = process.env.BLOOM_ORIGIN ? async () => {} : await fresh();
  mkdirSync(STATES, { recursive: true });
  try {
    for (const role of SEEDED) await keepSignedIn(role);
  } catch (reason) {
    await end();
    throw reason;
  }
  return end;
}

async function fresh(): Promise<() => Promise<void>> {
  const python = process.env.BLOOM_PYTHON ?? `${ROOT}.venv/bin/python`;
  const system = spawn(python, ["-m", "dev.fresh", "--messages", process.env.BLOOM_MESSAGES ?? "0"], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await Promise.race([
    once(createInterface(system.stdout), "line"),
    once(system, "exit").then(() => {
      throw new Error("the system did not start");
    }),
  ]);
  process.env.BLOOM_ORIGIN = JSON.parse(line).origin;
  return async () => {
    system.stdin.end();
    if (system.exitCode === null) await once(system, "exit");
  };
}
