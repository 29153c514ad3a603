"""The gateway: routes, forwarded headers, refusals, sockets, and what it costs to leave something out."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import web

from dev.dev_site import DevSite
from dev.gateway import MAX_BODY_BYTES, Listening, serve
from dev.web_client import WebClient


async def exchange(port: int, request: str) -> tuple[bytes, bytes]:
    """Head and body of the answer to a request as no tidy client would send it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{request}Host: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head, body


class Upstream:
    """A deployable's stand-in: tells what it was asked, or echoes a socket."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = ""
        self.requests = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        if request.headers.get("Upgrade") == "websocket":
            return await self._echo(request)
        if request.path.endswith("/redirect"):
            raise web.HTTPFound("/elsewhere")
        if request.path.endswith("/stream"):
            return await self._stream(request)
        size = sum([len(piece) async for piece in request.content.iter_any()])
        told = {
            "name": self.name,
            "path": request.raw_path,
            "method": request.method,
            "headers": [[name.lower(), value] for name, value in request.headers.items()],
            "size": size,
        }
        headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Keep-Alive", "timeout=5"), ("X-Own", "kept")]
        return web.json_response(told, status=201, headers=headers)

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"x" * 1_000_000)
        return response

    async def _echo(self, request: web.BaseRequest) -> web.StreamResponse:
        if "refuse" in request.query_string:
            return web.Response(status=401)
        socket = web.WebSocketResponse(protocols=["v4"])
        await socket.prepare(request)
        await socket.send_str(f"{self.name} {request.headers['X-Forwarded-For']}")
        async for message in socket:
            if message.data == "end":
                await socket.close(code=4001, message=b"revoked")
            elif message.type is aiohttp.WSMsgType.TEXT:
                await socket.send_str(message.data)
            else:
                await socket.send_bytes(message.data)
        return socket


@pytest.fixture
async def upstreams() -> AsyncIterator[dict[str, Upstream]]:
    started, runners = {}, []
    for name in ("auth", "messages", "relay 1", "relay 2"):
        upstream = Upstream(name)
        runner = web.ServerRunner(web.Server(upstream.answer), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started[name] = upstream
        runners.append(runner)
    yield started
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def gateway(upstreams: dict[str, Upstream], tmp_path: Path) -> AsyncIterator[Listening]:
    routed = [
        ("auth", upstreams["auth"].url),
        ("messages", upstreams["messages"].url),
        ("admin", "http://127.0.0.1:1"),
        ("realtime", upstreams["relay 1"].url),
        ("realtime", upstreams["relay 2"].url),
    ]
    listening = await serve(0, routed, DevSite(tmp_path, WebClient(tmp_path / "web")))
    yield listening
    await listening.close()


@pytest.fixture
async def client(gateway: Listening) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "name"),
    [("/api/auth/sign-in", "auth"), ("/api/user/profile", "auth"), ("/api/messages?conversationId=1", "messages")],
)
async def test_a_path_goes_to_its_deployable_unchanged(client: httpx.AsyncClient, path: str, name: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 201
    assert (answer.json()["name"], answer.json()["path"]) == (name, path)


async def test_method_body_and_own_headers_arrive(client: httpx.AsyncClient) -> None:
    told = (await client.patch("/api/user/profile", content=b"x" * 5000, headers={"X-Custom": "1"})).json()
    assert (told["method"], told["size"]) == ("PATCH", 5000)
    assert ["x-custom", "1"] in told["headers"]


async def test_answer_headers_come_back_but_not_those_of_the_hop(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/auth/session")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-own"] == "kept"
    assert "keep-alive" not in answer.headers


async def test_hop_by_hop_headers_stay_behind(client: httpx.AsyncClient) -> None:
    sent = {"Connection": "keep-alive, X-Secret", "X-Secret": "1", "TE": "trailers", "Proxy-Authorization": "x"}
    names = {name for name, _ in (await client.get("/api/auth/session", headers=sent)).json()["headers"]}
    assert not names & {"x-secret", "te", "proxy-authorization"}


async def test_the_clients_address_is_appended_to_whatever_was_forged(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/auth/session", headers={"X-Forwarded-For": "6.6.6.6, 7.7.7.7"})).json()
    headers = dict(told["headers"])
    assert headers["x-forwarded-for"] == "6.6.6.6, 7.7.7.7, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"


async def test_a_trace_begins_where_none_was_given(client: httpx.AsyncClient) -> None:
    headers = dict((await client.get("/api/auth/session")).json()["headers"])
    _, trace, span, _ = headers["traceparent"].split("-")
    assert (len(trace), len(span)) == (32, 16)
    assert headers["x-cloud-trace-context"] == f"{trace}/{int(span, 16)};o=1"
    given = "00-11111111111111111111111111111111-2222222222222222-01"
    headers = dict((await client.get("/api/auth/session", headers={"traceparent": given})).json()["headers"])
    assert headers["traceparent"] == given


@pytest.mark.parametrize(
    "path",
    [
        "/api/internal/outbox/sweep",
        "/api/%69nternal/outbox/sweep",
        "/api%2Finternal/outbox/sweep",
        "/api/messages/../internal/outbox/sweep",
        "/api/messages/%2e%2e/internal/outbox/sweep",
        "/api/internal",
        "/api/nothing",
        "/api",
        "/dev/nothing",
        "/dev/mail/1",
        "/dev/mail/..%2Fenv",
        "/nothing.js",
    ],
)
async def test_what_is_not_routed_is_404(gateway: Listening, upstreams: dict[str, Upstream], path: str) -> None:
    head, body = await exchange(gateway.port, f"POST {path} HTTP/1.1\r\nContent-Length: 0\r\n")
    assert head.split()[1] in (b"404", b"405")
    assert b"application/problem+json" in head
    assert json.loads(body)["type"].startswith("urn:bloom:problem:")
    assert not any(upstream.requests for upstream in upstreams.values())


async def test_a_deployable_that_is_away_is_503_with_a_hint_when_to_come_back(client: httpx.AsyncClient) -> None:
    for path in ("/api/admin/stats", "/api/appointments"):  # one does not answer, one is not even part of it
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["type"] == "urn:bloom:problem:unavailable"


async def test_a_redirect_is_the_clients_to_follow(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/auth/redirect")
    assert (answer.status_code, answer.headers["location"]) == (302, "/elsewhere")


async def test_a_long_answer_streams_through(client: httpx.AsyncClient) -> None:
    assert len((await client.get("/api/messages/stream")).content) == 3_000_000


async def test_head_has_the_headers_alone(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/auth/session")
    assert (answer.status_code, answer.content) == (201, b"")


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 3_000_000])
async def test_a_body_streams_up_to_the_limit(client: httpx.AsyncClient, size: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        for begin in range(0, size, 65_536):
            yield b"x" * min(65_536, size - begin)

    answer = await client.post("/api/messages", content=body())
    if size > MAX_BODY_BYTES:
        assert answer.status_code == 413
    else:
        assert answer.json()["size"] == size


async def test_a_body_announced_as_too_large_is_refused_at_once(gateway: Listening) -> None:
    head, body = await exchange(
        gateway.port, f"POST /api/messages HTTP/1.1\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n"
    )
    assert head.split()[1] == b"413"
    assert json.loads(body)["type"] == "urn:bloom:problem:too-large"


async def test_a_client_that_waits_for_leave_to_send_gets_it(gateway: Listening) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    writer.write(b"body")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201")
    writer.close()
    await writer.wait_closed()


async def test_a_socket_is_passed_to_the_relays_in_turn(gateway: Listening) -> None:
    url = f"http://127.0.0.1:{gateway.port}/socket.io/?EIO=4&transport=websocket"
    greetings = []
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.ws_connect(url, protocols=["v4"]) as socket:
                greetings.append(await socket.receive_str())
                assert socket.protocol == "v4"
                await socket.send_str("hello ✓")
                assert await socket.receive_str() == "hello ✓"
                await socket.send_bytes(b"\x00\x01")
                assert await socket.receive_bytes() == b"\x00\x01"
    assert greetings == ["relay 1 127.0.0.1", "relay 2 127.0.0.1"]


async def test_the_relays_reason_for_closing_reaches_the_client(gateway: Listening) -> None:
    url = f"http://127.0.0.1:{gateway.port}/socket.io/"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive_str()
        await socket.send_str("end")
        message = await socket.receive()
    assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "revoked")


async def test_a_socket_that_the_relay_refuses_is_refused(gateway: Listening) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"http://127.0.0.1:{gateway.port}/socket.io/?refuse")
    assert caught.value.status == 401


async def test_the_start_page_leads_to_the_rest(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    for expected in ("/dev/mail", "/api/openapi.json", "patient@bloom.test"):
        assert expected in answer.text


async def test_the_built_client_answers_every_address_that_is_not_a_file(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html").write_text("<p>client</p>")
    (tmp_path / "web" / "app.js").write_text("1")
    assert (await client.get("/verify-email")).text == "<p>client</p>"
    assert (await client.get("/app.js")).headers["content-type"] == "text/javascript; charset=utf-8"
    assert (await client.get("/missing.js")).status_code == 404
