/** The one socket of this page, opened when something needs it and closed at sign-out. */
import { io, type Socket } from "socket.io-client";
import { onLeaving, renewSession } from "@/session/session";

let socket: Socket | null = null;
let again: ReturnType<typeof setTimeout> | undefined;

/** The socket: the session's cookie opens it, and it comes back by itself with jitter after each loss. */
export function theSocket(): Socket {
  if (!socket) {
    socket = io({
      transports: ["websocket"],
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      randomizationFactor: 0.6,
      ackTimeout: 8_000,
    });
    socket.on("session-revoked", () => {
      closeSocket();
      void renewSession().catch(() => undefined);
    });
    socket.on("connect_error", comeBack);
  }
  return socket;
}

/** Hang up; the next use opens a new one. */
export function closeSocket(): void {
  clearTimeout(again);
  socket?.disconnect();
  socket = null;
}

/** Connect again where the server had closed it for good, as one of too many: somebody is back at this page. */
export function returnToSocket(): void {
  if (socket && !socket.active) socket.connect();
}

const NOT_SIGNED_IN = /:not-signed-in$/;

/** What the server refuses is not tried again by the library: a session that has ended never is, the rest after a while. */
function comeBack(refusal: Error & { data?: { type?: string } }): void {
  if (!socket || socket.active) return;
  if (NOT_SIGNED_IN.test(refusal.data?.type ?? "")) void renewSession().catch(() => undefined);
  clearTimeout(again);
  again = setTimeout(() => socket?.connect(), 5_000 + Math.random() * 5_000);
}

onLeaving(closeSocket);
