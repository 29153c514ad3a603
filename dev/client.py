"""A client of the running product over its own contract: HTTP and a stock Socket.IO client."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx
import socketio

SECONDS_TO_ANSWER = 15.0


class Unexpected(Exception):
    """The product answered something else than the contract says; the message is one line."""


class Person:
    """Somebody signed in with a bearer token."""

    def __init__(self, origin: str, http: httpx.AsyncClient, signed_in: dict[str, Any]) -> None:
        self.origin = origin
        self.id: str = signed_in["user"]["id"]
        self.name: str = signed_in["user"]["name"]
        self.token: str = signed_in["token"]
        self._http = http

    @classmethod
    async def sign_in(cls, origin: str, email: str, password: str) -> "Person":
        """Sign in as a mobile client does."""
        http = httpx.AsyncClient(base_url=origin, timeout=SECONDS_TO_ANSWER)
        answer = await http.post(
            "/api/auth/sign-in",
            json={"email": email, "password": password},
            headers={"X-Session-Transport": "bearer"},
        )
        signed_in = _read(answer)
        http.headers["Authorization"] = f"Bearer {signed_in['token']}"
        return cls(origin, http, signed_in)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """GET; raises Unexpected for anything but success."""
        return _read(await self._http.get(path, params=query))

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST; raises Unexpected for anything but success."""
        return _read(await self._http.post(path, json=body))

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()


class Listener:
    """A socket of somebody's, and when each event reached it (seconds of `time.perf_counter`)."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._socket = socketio.AsyncClient(reconnection=False)
        self._seen: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
        self._arrived = asyncio.Condition()
        for name in ("new-message", "message-analysed", "risk-alert", "risk-alert-changed"):
            self._socket.on(name, self._handler(name))

    async def open(self, *conversation_ids: str) -> None:
        """Connect and join, from what was said last."""
        await self._socket.connect(self._person.origin, auth={"token": self._person.token}, transports=["websocket"])
        for conversation_id in conversation_ids:
            last_seq = (await self._person.get(f"/api/conversations/{conversation_id}"))["lastSeq"]
            answer = await self._socket.call("join", {"conversationId": conversation_id, "afterSeq": last_seq})
            if "lastSeq" not in answer:
                raise Unexpected(f"join was answered {answer}")

    async def wait(self, name: str, wanted: Callable[[dict[str, Any]], bool]) -> tuple[float, dict[str, Any]]:
        """The first event of that name that is wanted, and when it came. Raises Unexpected after 15 seconds."""

        def found() -> tuple[float, dict[str, Any]] | None:
            return next((seen for seen in self._seen[name] if wanted(seen[1])), None)

        try:
            async with self._arrived:
                await asyncio.wait_for(self._arrived.wait_for(lambda: found() is not None), SECONDS_TO_ANSWER)
        except TimeoutError:
            raise Unexpected(f"no {name} reached the socket within {SECONDS_TO_ANSWER:.0f} s") from None
        seen = found()
        assert seen is not None
        return seen

    async def close(self) -> None:
        """Disconnect."""
        await self._socket.disconnect()

    def _handler(self, name: str) -> Callable[[dict[str, Any]], Any]:
        async def handle(data: dict[str, Any]) -> None:
            moment = time.perf_counter()
            async with self._arrived:
                self._seen[name].append((moment, data))
                self._arrived.notify_all()

        return handle


def _read(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise Unexpected(f"{answer.request.method} {answer.request.url.path} was answered {answer.status_code}")
    return dict(answer.json())
