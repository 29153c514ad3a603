"""The peer of the delivery benchmark: python-socketio that passes an event to a room and keeps nothing."""

import sys
from typing import Any

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])


@server.event  # type: ignore[untyped-decorator]
async def join(sid: str, room: str) -> bool:
    """Enter a room."""
    await server.enter_room(sid, room)
    return True


@server.event  # type: ignore[untyped-decorator]
async def send(sid: str, addressed: list[Any]) -> None:
    """Pass a message to everybody else in its room."""
    room, message = addressed
    await server.emit("new-message", message, room=room, skip_sid=sid)


if __name__ == "__main__":
    uvicorn.run(socketio.ASGIApp(server), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
