"""The one origin: routes as the load balancer does, and shows the local pages beside."""

import argparse
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from yarl import URL

from dev.dev_site import DevSite
from dev.event_loop import run, run_until_stopped
from dev.forwarding import end_to_end, forwarded_headers, not_found, problem, too_large, unavailable
from dev.web_client import WebClient
from dev.websocket_proxy import pass_through
from infra.routes import deployable_for

MAX_BODY_BYTES = 32 * 1024 * 1024
_READ_WHOLE_BYTES = 1024 * 1024
_UPSTREAM_SECONDS = 60
# Gunicorn closes a connection after 2 s without a request; a request sent at that moment would be lost.
_KEEP_ALIVE_SECONDS = 1.5
_NO_ADDED_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class StreamedBody:
    """A body passed on as it comes, up to the limit."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._content = request.content
        self._passed = 0

    @property
    def too_large(self) -> bool:
        """Whether more came than the gateway passes on."""
        return self._passed > MAX_BODY_BYTES

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._content.iter_any():
            self._passed += len(piece)
            if self.too_large:
                raise OSError("the body is too large")  # aiohttp breaks the upstream's connection off
            yield piece


Body = bytes | StreamedBody | None


class Gateway:
    """Passes each request to the deployable that owns its path."""

    def __init__(self, upstreams: Iterable[tuple[str, str]], site: DevSite) -> None:
        urls: dict[str, list[str]] = {}
        for deployable, url in upstreams:
            urls.setdefault(deployable, []).append(url)
        self._sizes = {deployable: len(found) for deployable, found in urls.items()}
        self._turns = {deployable: itertools.cycle(found) for deployable, found in urls.items()}
        self._site = site
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=_UPSTREAM_SECONDS)
        self._client = aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NO_ADDED_HEADERS,
        )

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request."""
        path = unquote(request.raw_path.partition("?")[0])
        deployable = deployable_for(path)
        if {".", ".."} & set(path.split("/")):  # what a server behind might take for another path
            return not_found()
        if deployable in self._turns:
            return await self._from(deployable, request)
        if deployable or path == "/api" or path.startswith("/api/"):
            return unavailable(deployable) if deployable else not_found()
        return self._site.answer(request.method, path, request.headers)

    async def _from(self, deployable: str, request: web.BaseRequest) -> web.StreamResponse:
        """Ask the deployable's instances in turn, until one is there."""
        if (request.content_length or 0) > MAX_BODY_BYTES:
            return too_large()
        body = await _body(request)
        for _ in range(self._sizes[deployable]):
            url = next(self._turns[deployable]) + request.raw_path
            try:
                return await self._forward(request, url, body)
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.WSServerHandshakeError as refusal:
                return web.Response(status=refusal.status)
            except TimeoutError:
                return problem("unavailable", "We cannot do this right now", 504, f"{deployable} took too long.")
            except aiohttp.ClientError:
                return too_large() if isinstance(body, StreamedBody) and body.too_large else unavailable(deployable)
        return unavailable(deployable)

    async def _forward(self, request: web.BaseRequest, url: str, body: Body) -> web.StreamResponse:
        headers = forwarded_headers(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await pass_through(request, self._client, url, headers)
        target = URL(url, encoded=True)
        async with self._client.request(
            request.method, target, headers=headers, data=body, allow_redirects=False
        ) as upstream:
            return await _relayed(request, upstream)

    async def close(self) -> None:
        """Hang up on every deployable."""
        await self._client.close()


async def _body(request: web.BaseRequest) -> Body:
    if not request.can_read_body:
        return None
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.content_length is not None and request.content_length <= _READ_WHOLE_BYTES:
        return await request.content.read() if request.content_length else b""
    return StreamedBody(request)


async def _relayed(request: web.BaseRequest, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    """The upstream's answer, in one piece where it is small and as it comes where it is not."""
    headers = end_to_end(upstream.headers)
    length = upstream.content_length
    if length is not None and length <= _READ_WHOLE_BYTES and request.method != "HEAD":
        return web.Response(status=upstream.status, reason=upstream.reason, headers=headers, body=await upstream.read())
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
    await response.prepare(request)
    async for piece in upstream.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


class Listening:
    """A gateway that takes requests."""

    def __init__(self, gateway: Gateway, runner: web.ServerRunner) -> None:
        self._gateway = gateway
        self._runner = runner

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop, without waiting for those who are connected."""
        await self._runner.cleanup()
        await self._gateway.close()


async def serve(port: int, upstreams: Iterable[tuple[str, str]], site: DevSite) -> Listening:
    """Listen on the loopback, by IPv6 too where there is one; port 0 takes a free one."""
    gateway = Gateway(upstreams, site)
    runner = web.ServerRunner(web.Server(gateway.handle, access_log=None, lingering_time=1.0), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    if port:
        with contextlib.suppress(OSError):  # no IPv6 here
            await web.TCPSite(runner, "::1", port).start()
    return Listening(gateway, runner)


async def _main(arguments: argparse.Namespace) -> None:
    upstreams = [tuple(upstream.split("=", 1)) for upstream in arguments.upstream]
    client = WebClient(arguments.web, arguments.storage, arguments.grafana or None)
    listening = await serve(arguments.port, upstreams, DevSite(arguments.data, client))
    await run_until_stopped()
    await listening.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--storage", required=True, help="where files are put and fetched")
    parser.add_argument("--grafana", default="", help="what administrators see framed")
    parser.add_argument("--upstream", action="append", default=[], help="DEPLOYABLE=URL")
    run(_main(parser.parse_args()))
