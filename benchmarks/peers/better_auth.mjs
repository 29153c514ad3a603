// The peer of `make bench-auth`: Better Auth on Node's own HTTP server, over the same PostgreSQL.
// /api/auth looks each session up in the database; /cached/api/auth trusts a signed cookie for five minutes.
import { createServer } from "node:http";

import bcrypt from "bcrypt";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import pg from "pg";

const { PORT, BCRYPT_COST, ACCOUNTS, PASSWORD } = process.env;
const origin = `http://127.0.0.1:${PORT}`;
const database = new pg.Pool(); // from PGHOST, PGUSER and PGDATABASE

const options = (basePath, cookieCache) => ({
  baseURL: origin,
  basePath,
  secret: "a secret of this measurement alone, nowhere else",
  database,
  emailAndPassword: {
    enabled: true,
    requireEmailVerification: true,
    password: {
      hash: (password) => bcrypt.hash(password, Number(BCRYPT_COST)),
      verify: ({ hash, password }) => bcrypt.compare(password, hash),
    },
  },
  session: { cookieCache: { enabled: cookieCache, maxAge: 5 * 60 } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});

const looksUp = betterAuth(options("/api/auth", false));
const cached = betterAuth(options("/cached/api/auth", true));

await (await getMigrations(looksUp.options)).runMigrations();
const { internalAdapter } = await looksUp.$context;
const password = await bcrypt.hash(PASSWORD, Number(BCRYPT_COST));
for (let number = 0; number < Number(ACCOUNTS); number += 1) {
  const email = `person-${number}@bench.test`;
  const user = await internalAdapter.createUser({ email, name: `Person ${number}`, emailVerified: true });
  await internalAdapter.linkAccount({ userId: user.id, providerId: "credential", accountId: user.id, password });
}

const [answerLookedUp, answerCached] = [toNodeHandler(looksUp), toNodeHandler(cached)];
createServer((request, response) =>
  (request.url.startsWith("/cached/") ? answerCached : answerLookedUp)(request, response),
).listen(Number(PORT), "127.0.0.1", () => console.log("listening"));
