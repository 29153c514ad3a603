// Socket.IO with its Redis adapter, as its documentation sets it up, and the two questions to the database that any
// chat asks: whose token is this, and may they enter this room.
//   node --expose-gc socket_io.mjs PORT REDIS_URL POSTGRES_SOCKET_FOLDER USER DATABASE
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, redisUrl, host, user, database] = process.argv.slice(2);
const pool = new pg.Pool({ host, user, database });
const publishing = createClient({ url: redisUrl });
const subscribing = publishing.duplicate();
await Promise.all([publishing.connect(), subscribing.connect()]);

const http = createServer((_, answer) => answer.end("up"));
const io = new Server(http, {
  transports: ["websocket"],
  serveClient: false,
  pingInterval: 25_000,
  pingTimeout: 8_000,
  maxHttpBufferSize: 65_536,
  adapter: createAdapter(publishing, subscribing),
});
// https://socket.io/docs/v4/memory-usage/: the request is not needed after the handshake.
io.engine.on("connection", (raw) => (raw.request = null));

const SESSION = `SELECT s.user_id FROM session s JOIN "user" u ON u.id = s.user_id
  WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > now() AND u.status = 'active'`;
const MEMBER = "SELECT 1 FROM conversation_member WHERE conversation_id = $1 AND user_id = $2 AND left_at IS NULL";

io.use(async (socket, next) => {
  const digest = createHash("sha256").update(String(socket.handshake.auth.token)).digest();
  const { rows } = await pool.query(SESSION, [digest]);
  if (rows.length === 0) return next(new Error("not signed in"));
  socket.data.userId = rows[0].user_id;
  next();
});

io.on("connection", (socket) => {
  socket.on("join", async ({ conversationId }, acknowledge) => {
    const { rowCount } = await pool.query(MEMBER, [conversationId, socket.data.userId]);
    if (rowCount > 0) await socket.join(conversationId);
    acknowledge({ joined: rowCount > 0 });
  });
});

process.on("SIGUSR2", () => globalThis.gc?.());
http.listen(Number(port), "127.0.0.1", 4096);
