"""Google and Zoom as we speak to them: where a sign-in begins, whom a code stands for, and what becomes of tokens."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.clock import now
from shared.database.models.credentials import Provider
from shared.problems import Forbidden, NotFound, Unavailable
from shared.settings import settings

from . import google_identity
from .fields import Email, Name

SECONDS_TO_ANSWER: Final = 5.0
GOOGLE_SCOPE: Final = "openid email profile"


class ProviderNotOffered(NotFound):
    """No client of this provider is configured."""

    title = "This way of signing in is not offered here"


class ProviderAway(Unavailable):
    """The provider does not answer in time, or says that it cannot right now."""

    title = "The provider does not answer right now; please try again in a moment"


class ProviderSignInFailed(Forbidden):
    """The provider refused the code, or what it said of the person does not hold."""

    title = "The provider did not confirm who you are; please start again"


@dataclass(frozen=True)
class Tokens:
    """What a provider gave for use in a person's name."""

    access_token: str
    refresh_token: str | None
    expires_at: datetime | None
    scope: str | None


@dataclass(frozen=True)
class Identity:
    """Whom a provider vouches for: its lasting id, and the address as it is known there."""

    account_id: str
    email: str
    email_verified: bool
    name: str


@dataclass(frozen=True)
class Proof:
    """The secrets that tie a code to the sign-in it was asked for: PKCE's verifier, OpenID's nonce."""

    verifier: str
    nonce: str


class OAuthProvider(Protocol):
    """Somebody who vouches for people. Every method may raise ProviderAway and ProviderSignInFailed."""

    def authorization_url(self, state: str, proof: Proof) -> str:
        """Where the browser goes to be asked."""

    def is_named_by(self, issuer: str | None) -> bool:
        """Whether an answer that names this issuer (RFC 9207), or none, can have come from here."""

    def redeem(self, code: str, proof: Proof) -> tuple[Identity, Tokens]:
        """Who came back with this code."""

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens for old."""

    def revoke(self, token: str) -> None:
        """End the grant that this token belongs to."""


def provider_for(provider: Provider) -> OAuthProvider:
    """The provider, as it is configured. Raises ProviderNotOffered."""
    given = settings()
    if provider is Provider.GOOGLE and given.google_client_id:
        return Google(given.google_client_id, given.google_client_secret, given.google_issuer)
    if provider is Provider.ZOOM and given.zoom_client_id:
        return Zoom(given.zoom_client_id, given.zoom_client_secret, given.zoom_sign_in_url, given.zoom_api_url)
    raise ProviderNotOffered


class Google:
    """OpenID Connect by discovery (https://developers.google.com/identity/openid-connect/openid-connect)."""

    def __init__(self, client_id: str, client_secret: str, issuer: str) -> None:
        """`issuer` is the URL that discovery and the `iss` of its tokens begin with."""
        self._issuer = issuer
        self._client_id = client_id
        self._open = functools.partial(_client, Provider.GOOGLE, client_id, client_secret, GOOGLE_SCOPE)

    def authorization_url(self, state: str, proof: Proof) -> str:
        """See OAuthProvider."""
        with _answers(), self._open() as client:
            place = self._discovered(client).authorization_endpoint
            return _authorization_url(client, place, state, proof, nonce=proof.nonce)

    def is_named_by(self, issuer: str | None) -> bool:
        """See OAuthProvider; discovery says whether the answer has to name the issuer."""
        if issuer is not None:
            return issuer == self._issuer
        with _answers(), self._open() as client:
            return not self._discovered(client).authorization_response_iss_parameter_supported

    def redeem(self, code: str, proof: Proof) -> tuple[Identity, Tokens]:
        """See OAuthProvider."""
        with _answers(), self._open() as client:
            place = self._discovered(client)
            given = _redeem(client, place.token_endpoint, code, proof)
            claims = google_identity.verified_claims(
                given.id_token or "",
                read=functools.partial(_read, client),
                keys_at=place.jwks_uri,
                expected=google_identity.Expected(self._issuer, self._client_id, proof.nonce, given.access_token),
            )
            person = _GooglePerson.model_validate(claims)
            return _identity(person.sub, person.email, person.email_verified, person.name), given.tokens()

    def refresh(self, refresh_token: str) -> Tokens:
        """See OAuthProvider."""
        with _answers(), self._open() as client:
            return _refresh(client, self._discovered(client).token_endpoint, refresh_token)

    def revoke(self, token: str) -> None:
        """See OAuthProvider; Google asks for no client here, only for the token."""
        with _answers(), self._open() as client:
            place = self._discovered(client).revocation_endpoint
            if place:
                client.request("POST", place, data={"token": token}, withhold_token=True).raise_for_status()

    def _discovered(self, client: Any) -> google_identity.Discovery:
        return google_identity.discovered(self._issuer, functools.partial(_read, client))


class Zoom:
    """OAuth 2.0 (https://developers.zoom.us/docs/integrations/oauth/); who it is, its REST API says."""

    def __init__(self, client_id: str, client_secret: str, sign_in_url: str, api_url: str) -> None:
        """`sign_in_url` is where `/oauth/…` is, `api_url` where `/v2/…` is."""
        self._sign_in_url = sign_in_url
        self._person_at = f"{api_url}/v2/users/me"
        self._token_at = f"{sign_in_url}/oauth/token"
        self._open = functools.partial(_client, Provider.ZOOM, client_id, client_secret, None)

    def authorization_url(self, state: str, proof: Proof) -> str:
        """See OAuthProvider."""
        with self._open() as client:
            return _authorization_url(client, f"{self._sign_in_url}/oauth/authorize", state, proof)

    def is_named_by(self, issuer: str | None) -> bool:
        """See OAuthProvider; Zoom names none."""
        return issuer in (None, self._sign_in_url)

    def redeem(self, code: str, proof: Proof) -> tuple[Identity, Tokens]:
        """See OAuthProvider."""
        with _answers(), self._open() as client:
            tokens = _redeem(client, self._token_at, code, proof).tokens()
            person = _ZoomPerson.model_validate(client.get(self._person_at).raise_for_status().json())
        name = person.display_name or f"{person.first_name} {person.last_name}"
        return _identity(person.id, person.email, person.verified == 1, name), tokens

    def refresh(self, refresh_token: str) -> Tokens:
        """See OAuthProvider."""
        with _answers(), self._open() as client:
            return _refresh(client, self._token_at, refresh_token)

    def revoke(self, token: str) -> None:
        """See OAuthProvider."""
        with _answers(), self._open() as client:
            client.revoke_token(f"{self._sign_in_url}/oauth/revoke", token=token).raise_for_status()


class _Answer(BaseModel):
    """What somebody else's server says: what is not asked for is passed over, and no value is repeated in an error."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, defer_build=True)


class _TokenAnswer(_Answer):
    access_token: str = Field(min_length=1, max_length=16_384)
    token_type: str = Field("bearer", pattern="(?i)^bearer$")
    refresh_token: str | None = Field(None, min_length=1, max_length=16_384)
    expires_in: int | None = Field(None, ge=0, le=31_536_000)
    scope: str | None = Field(None, max_length=4_096)
    id_token: str | None = Field(None, max_length=16_384)

    def tokens(self) -> Tokens:
        ends_at = None if self.expires_in is None else now() + timedelta(seconds=self.expires_in)
        return Tokens(self.access_token, self.refresh_token, ends_at, self.scope)


class _GooglePerson(_Answer):
    sub: str = Field(min_length=1, max_length=255)
    email: str
    email_verified: bool = False
    name: str = ""


class _ZoomPerson(_Answer):
    id: str = Field(min_length=1, max_length=255)
    email: str
    verified: int = 0
    display_name: str = ""
    first_name: str = ""
    last_name: str = ""


def _identity(account_id: str, email: str, email_verified: bool, name: str) -> Identity:
    address: str = TypeAdapter(Email).validate_python(email)
    try:
        called: str = TypeAdapter(Name).validate_python(name)
    except ValidationError:
        called = address.partition("@")[0]
    return Identity(account_id, address, email_verified, called)


def _client(provider: Provider, client_id: str, client_secret: str, scope: str | None) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client  # 300 ms, only where somebody signs in this way

    return OAuth2Client(
        client_id,
        client_secret,
        scope=scope,
        redirect_uri=f"{settings().base_url}/api/auth/oauth/{provider}/callback",
        code_challenge_method="S256",
        timeout=SECONDS_TO_ANSWER,
        verify=_authorities(),
    )


@functools.cache
def _authorities() -> Any:
    import ssl

    return ssl.create_default_context()


def _authorization_url(client: Any, place: str, state: str, proof: Proof, **more: str) -> str:
    url: str = client.create_authorization_url(place, state=state, code_verifier=proof.verifier, **more)[0]
    return url


def _redeem(client: Any, place: str, code: str, proof: Proof) -> _TokenAnswer:
    given = client.fetch_token(place, grant_type="authorization_code", code=code, code_verifier=proof.verifier)
    return _TokenAnswer.model_validate(dict(given))


def _refresh(client: Any, place: str, refresh_token: str) -> Tokens:
    return _TokenAnswer.model_validate(dict(client.refresh_token(place, refresh_token=refresh_token))).tokens()


def _read(client: Any, place: str) -> Any:
    return client.request("GET", place, withhold_token=True).raise_for_status().json()


@contextmanager
def _answers() -> Iterator[None]:
    """Whatever the other side did wrong is a problem of ours to tell: ProviderAway or ProviderSignInFailed."""
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client.oauth2_client import httpx2  # httpx2, or httpx where that is all there is
    from joserfc.errors import JoseError

    try:
        yield
    except httpx2.HTTPStatusError as error:
        refused = 400 <= error.response.status_code < 500 and error.response.status_code != 429
        raise (ProviderSignInFailed() if refused else ProviderAway()) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
        raise ProviderAway from None
    except (AuthlibBaseError, JoseError, ValueError):  # pydantic's ValidationError is a ValueError
        raise ProviderSignInFailed from None
