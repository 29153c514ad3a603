"""A WebSocket passed through: each frame goes on as it came, and one side's end becomes the other's."""

import asyncio
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web
from multidict import CIMultiDict

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_HANDSHAKE = frozenset({"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"})


async def pass_through(
    request: web.BaseRequest, client: aiohttp.ClientSession, url: str, headers: CIMultiDict[str]
) -> web.WebSocketResponse:
    """Connect the client's socket with the relay's until either closes.

    Raises aiohttp.ClientError where the relay does not accept; the client has no answer yet then.
    """
    headers = CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HANDSHAKE)
    protocols = [name.strip() for name in headers.popall("Sec-WebSocket-Protocol", []) for name in name.split(",")]
    connecting = client.ws_connect(
        url, headers=headers, protocols=protocols, autoping=False, autoclose=False, max_msg_size=_MAX_MESSAGE_BYTES
    )
    async with connecting as upstream:
        chosen = [upstream.protocol] if upstream.protocol else []
        downstream = web.WebSocketResponse(protocols=chosen, autoping=False, max_msg_size=_MAX_MESSAGE_BYTES)
        await downstream.prepare(request)
        await _both_ways(downstream, upstream)
        return downstream


async def _both_ways(downstream: Any, upstream: Any) -> None:
    pumps = [asyncio.create_task(_pump(downstream, upstream)), asyncio.create_task(_pump(upstream, downstream))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(source: Any, target: Any) -> None:
    """Copy frames until the source closes, then close the target for the same reason."""
    send = {
        WSMsgType.TEXT: target.send_str,
        WSMsgType.BINARY: target.send_bytes,
        WSMsgType.PING: target.ping,
        WSMsgType.PONG: target.pong,
    }
    while (message := await source.receive()).type in send:
        await send[message.type](message.data)
    code = message.data if message.type is WSMsgType.CLOSE else aiohttp.WSCloseCode.GOING_AWAY
    await target.close(code=code or aiohttp.WSCloseCode.OK, message=(message.extra or "").encode())
