"""GET /api/auth/oauth/{provider} and its callback: Google or Zoom says who somebody is, and a session is opened."""

import dataclasses
from typing import Final
from urllib.parse import quote

from pydantic import ConfigDict, Field

from shared import audit, outbox, session
from shared.audit_actions import Action
from shared.contract import Schema
from shared.database.models.credentials import Provider
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, SetCookie, Visit
from shared.problems import Denial, Forbidden, Malformed, Problem
from shared.roles import anyone

from . import challenges, oauth_states, provider_people
from .oauth_providers import Identity, ProviderAway, ProviderNotOffered, ProviderSignInFailed, Tokens, provider_for
from .oauth_states import Attempt, Linking, ReturnTo
from .signed_in import session_cookie

routes = Routes()

DASHBOARD: Final = "/dashboard"
SIGN_IN_PAGE: Final = "/sign-in"
SECOND_FACTOR_PAGE: Final = "/sign-in/two-factor"
LINKS_PAGE: Final = "/settings/security"
NOT_RIGHT_NOW: Final = frozenset({"server_error", "temporarily_unavailable"})


class ProviderMixedUp(Malformed):
    """The answer came from another provider than the one that was asked (RFC 9700, 4.4)."""

    title = "This answer came from another provider than the one that was asked"


class ProviderSignInDeclined(Forbidden):
    """The person said no at the provider."""

    title = "You did not allow this at the provider"


class LinkOfAnotherSession(Forbidden):
    """A link was asked for in a session that is not the one that comes back."""

    title = "Please link the account in the session in which you began"


class Begin(Schema):
    """Where to go once it is done."""

    return_to: ReturnTo = DASHBOARD


class Returned(Schema):
    """What a provider sends the browser back with; what else it adds is passed over."""

    model_config = ConfigDict(extra="ignore")

    code: str | None = Field(None, min_length=1, max_length=4096)
    state: str | None = Field(None, max_length=512)
    iss: str | None = Field(None, max_length=2048)
    error: str | None = Field(None, max_length=200)


@routes.endpoint(
    "GET /api/auth/oauth/{provider}", allow=anyone, limit=Limit("oauth-start", 20, per=60, by="address"), status=302
)
def start_sign_in(provider: Provider, begin: Begin) -> Answer[None]:
    """Send the browser to the provider; it comes back to the callback within ten minutes, once."""
    try:
        url, cookie = oauth_states.begin(provider, begin.return_to)
    except (ProviderAway, ProviderNotOffered, ProviderSignInFailed) as problem:
        return _go(_told(SIGN_IN_PAGE, problem))
    return _go(url, cookie)


@routes.endpoint(
    "GET /api/auth/oauth/{provider}/callback",
    allow=anyone,
    limit=Limit("oauth-callback", 20, per=60, by="address"),
    status=302,
)
def finish_sign_in(provider: Provider, returned: Returned, visit: Visit) -> Answer[None]:
    """Open a session for whom the provider vouches for, or link; then go where the person wanted to go.

    What goes wrong is told on the sign-in page (a link's on the settings page) as `#problem=` and the last part of the
    problem's URN: a fragment reaches no server and no log.
    """
    attempt, used_up = None, SetCookie(oauth_states.cookie_name(), "", max_age=0)
    try:
        attempt = oauth_states.finish(returned.state, visit)
        identity, tokens = _identify(provider, returned, attempt)
        cookies, page = _complete(attempt, identity, tokens, dataclasses.replace(visit, wants_bearer=False))
        return _go(page, used_up, *cookies)
    except Problem as problem:
        linking = attempt.linking if attempt else None
        _audit_failure(problem, linking)
        return _go(_told(LINKS_PAGE if linking else SIGN_IN_PAGE, problem), used_up)


def _identify(provider: Provider, returned: Returned, attempt: Attempt) -> tuple[Identity, Tokens]:
    """Who came back. Raises ProviderMixedUp, ProviderSignInDeclined, ProviderSignInFailed, ProviderAway."""
    there = provider_for(attempt.provider)
    if attempt.provider is not provider or not there.is_named_by(returned.iss):
        raise ProviderMixedUp
    if returned.error == "access_denied":
        raise ProviderSignInDeclined
    if returned.error in NOT_RIGHT_NOW:
        raise ProviderAway
    if returned.error or not returned.code:
        raise ProviderSignInFailed
    return there.redeem(returned.code, attempt.proof)


def _complete(attempt: Attempt, identity: Identity, tokens: Tokens, visit: Visit) -> tuple[tuple[SetCookie, ...], str]:
    """Link or sign in; the cookies to set and the page to go to."""
    if attempt.linking:
        _require_same_session(attempt.linking, visit)
        notice = provider_people.link(attempt.linking.user_id, attempt.provider, identity, tokens)
        if notice:
            outbox.hand_over(notice)
        return (), attempt.return_to
    found = provider_people.recognise(attempt.provider, identity, tokens)
    session.tell_revocation(found.ended)
    if found.notice:
        outbox.hand_over(found.notice)
    owed = challenges.second_factor_for(found.user, visit)
    if isinstance(owed, challenges.Challenged):
        return owed.answer.cookies, f"{SECOND_FACTOR_PAGE}#returnTo={quote(attempt.return_to, safe='')}"
    opened = provider_people.open_session(found.user.id, visit, second_factor=owed is not None)
    return (session_cookie(opened), *((owed.cookie,) if owed else ())), attempt.return_to


def _require_same_session(linking: Linking, visit: Visit) -> None:
    caller = session.find_in_database(visit.session_token) if visit.session_token else None
    if caller is None or (caller.user_id, caller.session_id) != (linking.user_id, linking.session_id):
        raise LinkOfAnotherSession(denial=Denial(Action.PROVIDER_LINKED, linking.user_id))


def _audit_failure(problem: Problem, linking: Linking | None) -> None:
    action = Action.PROVIDER_LINKED if linking else Action.PROVIDER_SIGN_IN
    about = problem.denial.subject_id if problem.denial else linking.user_id if linking else None
    audit.record_failure(action, subject_id=about)


def _told(page: str, problem: Problem) -> str:
    return f"{page}#problem={problem.urn().rpartition(':')[2]}"


def _go(page: str, *cookies: SetCookie) -> Answer[None]:
    return Answer(None, cookies=cookies, headers={"Location": page})
