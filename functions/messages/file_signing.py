"""Who signs the links to files: the service account through IAM, whose key nobody holds, or a key of this machine."""

import base64
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx

from shared.redis import Breaker
from shared.settings import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SECONDS_TO_SIGN: Final = 5
FAILURES_BEFORE_OPEN: Final = 3
SECONDS_OPEN: Final = 5.0
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


class SignerAway(Exception):
    """Nobody could sign at the moment."""


class Signer(Protocol):
    """Whoever signs with RSA and SHA-256 (PKCS #1 v1.5), as Google's libraries ask for it."""

    def sign(self, message: bytes) -> bytes:
        """The signature. Raises SignerAway."""


@dataclass(frozen=True)
class KeySigner:
    """Signs with a key that is at hand."""

    key: "RSAPrivateKey"

    def sign(self, message: bytes) -> bytes:
        """The signature."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.key.sign(message, PKCS1v15(), SHA256())


@dataclass(frozen=True)
class IamSigner:
    """Has the service account's own key sign, which stays with Google (IAM Credentials API, signBlob)."""

    account: str
    url: str

    def sign(self, message: bytes) -> bytes:
        """Raises SignerAway."""
        breaker = _breaker(self.url)
        if breaker.is_open():
            raise SignerAway("left alone")
        try:
            answer = httpx.post(
                f"{self.url}/v1/projects/-/serviceAccounts/{self.account}:signBlob",
                json={"payload": base64.b64encode(message).decode()},
                headers={"Authorization": f"Bearer {_access_token()}"},
                timeout=SECONDS_TO_SIGN,
            )
            breaker.succeeded()
            answer.raise_for_status()
            return base64.b64decode(answer.json()["signedBlob"], validate=True)
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, httpx.TimeoutException):
                breaker.failed()
            raise SignerAway(type(error).__name__) from None


@functools.cache
def _breaker(url: str) -> Breaker:  # noqa: ARG001 - one for each
    """A signer that hangs would hold as many threads as links are asked for, and messages would have none left."""
    return Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)


def _access_token() -> str:
    """A token of the account that this function runs as. Raises SignerAway."""
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        credentials = own_credentials()
        if not credentials.valid:
            credentials.refresh(Request())
    except GoogleAuthError as error:
        raise SignerAway(type(error).__name__) from None
    return str(credentials.token)


@functools.cache
def own_credentials() -> Any:
    """What this function is known by to Google's services."""
    import google.auth

    credentials, _ = google.auth.default(scopes=[_SCOPE])
    return credentials


def signer() -> Signer:
    """The signer that the settings name; in the cloud no key of ours is ever used."""
    if settings().storage_url.startswith("gs://") or not settings().storage_signing_key:
        return IamSigner(settings().storage_signing_account, settings().iam_credentials_url)
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = load_der_private_key(base64.b64decode(settings().storage_signing_key), password=None)
    assert isinstance(key, RSAPrivateKey)
    return KeySigner(key)
