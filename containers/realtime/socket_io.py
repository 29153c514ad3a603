"""Socket.IO v4 over WebSocket alone, as text: what clients send, read; what they are sent, written once for everybody.

https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/. There is one namespace,
no binary, no long-polling and no upgrade from it. A frame is the bytes of a WebSocket's text frame (RFC 6455, 5.2):
a server's are not masked, so the same bytes go to every socket of a room.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from shared.problems import Problem

DEEPEST: Final = 32
_PACKET: Final = re.compile(r"(\d*)(.*)", re.DOTALL)


class NotAPacket(Exception):
    """What came is nothing that a client of ours sends."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A packet that carries nothing."""

    kind: Literal["pong", "leave"]


@dataclass(frozen=True, slots=True)
class Connect:
    """A client says who it is; the namespace `/` is the only one there is."""

    namespace: str
    auth: Any


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """An event, and the number under which the client waits for an answer."""

    name: Any
    argument: Any
    ack_id: str | None


Received = Sign | Connect | ClientEvent


def read(text: str) -> Received:
    """What a client sent. Raises NotAPacket."""
    if text == "3":
        return Sign("pong")
    if text in ("1", "41"):
        return Sign("leave")
    kind, rest = text[:2], text[2:]
    if kind == "40":
        return _read_connect(rest)
    if kind == "42":
        return _read_event(rest)
    raise NotAPacket


def _read_connect(rest: str) -> Connect:
    namespace = "/"
    if rest.startswith("/"):
        namespace, _, rest = rest.partition(",")
    return Connect(namespace, _json(rest) if rest else None)


def _read_event(rest: str) -> ClientEvent:
    found = _PACKET.fullmatch(rest)
    assert found
    content = _json(found[2])
    if not isinstance(content, list) or not content or len(found[1]) > DEEPEST:
        raise NotAPacket
    return ClientEvent(content[0], content[1] if len(content) > 1 else None, found[1] or None)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotAPacket from None


def text_frame(text: str) -> bytes:
    """A WebSocket's frame of a packet (RFC 6455, 5.2): final, of text, not masked."""
    payload = text.encode()
    length = len(payload)
    if length < 126:
        return b"\x81%c%b" % (length, payload)
    if length < 65_536:
        return b"\x81\x7e%b%b" % (length.to_bytes(2), payload)
    return b"\x81\x7f%b%b" % (length.to_bytes(8), payload)


def frame(event: str, payload: str) -> bytes:
    """An event whose payload is JSON already; any number of sockets share it."""
    return text_frame(f'42["{event}",{payload}]')


def opened(socket_id: str, ping_seconds: float, pong_seconds: float, most_bytes: int) -> bytes:
    """The first that a client is told: how it is kept alive."""
    told = {
        "sid": socket_id,
        "upgrades": [],
        "pingInterval": int(ping_seconds * 1000),
        "pingTimeout": int(pong_seconds * 1000),
        "maxPayload": most_bytes,
    }
    return text_frame("0" + json.dumps(told, separators=(",", ":")))


def connected(socket_id: str) -> bytes:
    """It is signed in."""
    return text_frame(f'40{{"sid":"{socket_id}"}}')


def refused(problem: Problem, namespace: str = "/") -> bytes:
    """It is not let in, and why."""
    where = "" if namespace == "/" else f"{namespace},"
    why = {"message": problem.title, "data": {"type": problem.urn()}}
    return text_frame(f"44{where}{json.dumps(why)}")


def acknowledged(ack_id: str, answer: dict[str, Any]) -> bytes:
    """The answer to an event."""
    return text_frame(f"43{ack_id}[{json.dumps(answer, separators=(',', ':'))}]")


PING: Final = text_frame("2")
DISCONNECT: Final = text_frame("41")
"""Tells a client that it is not to connect again by itself."""
