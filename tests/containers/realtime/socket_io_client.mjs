// A stock client of Socket.IO for Node: joins, types, and prints a line of JSON for whatever it is told.
import { createRequire } from "node:module";

const [library, url, token, conversationId] = process.argv.slice(2);
const { io } = createRequire(library)("socket.io-client");
const say = (...line) => process.stdout.write(JSON.stringify(line) + "\n");

const socket = io(url, { auth: { token }, transports: ["websocket"] });
let afterSeq;
socket.on("connect", async () => {
  const answer = await socket.emitWithAck("join", { conversationId, afterSeq });
  afterSeq ??= answer.lastSeq;
  say("joined", answer);
  say("typing", await socket.emitWithAck("typing", { conversationId }));
});
socket.on("connect_error", (error) => say("refused", error.message, error.data));
socket.on("disconnect", (reason) => say("disconnect", reason));
socket.onAny((event, ...told) => {
  if (event === "new-message") afterSeq = told[0].seq;
  say(event, ...told);
});
