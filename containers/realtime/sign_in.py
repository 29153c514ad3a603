"""Who may open a socket: a session's token, by cookie from our own pages or in `auth`, asked of the database."""

from http.cookies import CookieError, SimpleCookie

from websockets.http11 import Request

from containers.realtime.lookups import Lookups
from containers.realtime.problems import ForeignOrigin
from shared import audit, session
from shared.problems import NotSignedIn
from shared.session import Caller
from shared.settings import settings


def address_of(request: Request, peer: str | None) -> str:
    """The client's address, as far as our own proxies vouch for it."""
    return audit.client_address(",".join(request.headers.get_all("X-Forwarded-For")), peer)


async def sign_in(lookups: Lookups, request: Request, auth: object) -> Caller:
    """Raises NotSignedIn, ForeignOrigin, Unavailable."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if token is None:
        token = _cookie(request)
    if not isinstance(token, str) or not token:
        raise NotSignedIn
    caller = await lookups.caller(token)
    if caller is None:
        raise NotSignedIn
    return caller


async def require_open(lookups: Lookups, caller: Caller) -> None:
    """Raises NotSignedIn where the session ended before its channel was followed."""
    if not await lookups.is_open(caller.session_id):
        raise NotSignedIn


def _cookie(request: Request) -> str | None:
    """A browser sends the cookie along whoever's page it is: the page has to be ours. Raises ForeignOrigin."""
    try:
        morsel = SimpleCookie(";".join(request.headers.get_all("Cookie"))).get(session.cookie_name())
    except CookieError:
        return None
    if morsel is None:
        return None
    if request.headers.get_all("Origin") != [settings().base_url]:
        raise ForeignOrigin
    return morsel.value
