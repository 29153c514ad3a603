"""Who may open a socket: a session's token, by cookie from our own pages or in `auth`, asked of the database."""

import asyncio
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from containers.realtime.problems import ForeignOrigin
from shared import audit, session
from shared.problems import NotSignedIn
from shared.session import Caller
from shared.settings import settings


def address_of(environ: Mapping[str, Any]) -> str:
    """The client's address, as far as our own proxies vouch for it."""
    peer = environ["asgi.scope"].get("client")
    return audit.client_address(environ.get("HTTP_X_FORWARDED_FOR", ""), peer[0] if peer else None)


async def sign_in(environ: Mapping[str, Any], auth: object) -> Caller:
    """Raises NotSignedIn, ForeignOrigin, Unavailable."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if token is None:
        token = _cookie(environ)
    if not isinstance(token, str) or not token:
        raise NotSignedIn
    caller = await asyncio.to_thread(session.find_in_database, token)
    if caller is None:
        raise NotSignedIn
    return caller


async def require_open(caller: Caller) -> None:
    """Raises NotSignedIn where the session ended before its channel was followed."""
    if not await asyncio.to_thread(session.still_open, [caller.session_id]):
        raise NotSignedIn


def _cookie(environ: Mapping[str, Any]) -> str | None:
    """A browser sends the cookie along whoever's page it is: the page has to be ours. Raises ForeignOrigin."""
    try:
        morsel = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(session.cookie_name())
    except CookieError:
        return None
    if morsel is None:
        return None
    if environ.get("HTTP_ORIGIN") != settings().base_url:
        raise ForeignOrigin
    return morsel.value
