/** The one socket of this page, opened when something needs it and closed at sign-out. */
import { io, type Socket } from "socket.io-client";
import { onLeaving } from "@/session/session";

let socket: Socket | null = null;

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
    socket.on("session-revoked", closeSocket);
  }
  return socket;
}

/** Hang up; the next use opens a new one. */
export function closeSocket(): void {
  socket?.disconnect();
  socket = null;
}

onLeaving(closeSocket);
