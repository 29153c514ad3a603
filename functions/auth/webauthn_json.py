"""The JSON that browsers' WebAuthn methods take and give.

It is that of `PublicKeyCredential.parseCreationOptionsFromJSON`, `parseRequestOptionsFromJSON` and `toJSON`
(https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON).
"""

import base64
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field

from shared.contract import Schema

MILLISECONDS_TO_ANSWER: Final = 300_000
ALGORITHMS: Final = (-8, -7, -257)  # EdDSA, ES256, RS256: https://www.iana.org/assignments/cose


def check_base64url(value: str) -> str:
    """What can be decoded. Raises ValueError."""
    if len(value) % 4 == 1:
        raise ValueError("must be base64url without padding")
    return value


_BASE64URL: Final = r"^[A-Za-z0-9_-]*$"
_decodable: Final = AfterValidator(check_base64url)
CredentialId = Annotated[str, Field(min_length=1, max_length=1364, pattern=_BASE64URL), _decodable]
"""At most 1023 bytes (https://www.w3.org/TR/webauthn-3/#credential-id)."""
UserHandle = Annotated[str, Field(max_length=86, pattern=_BASE64URL), _decodable]
"""At most 64 bytes."""
ClientData = Annotated[str, Field(min_length=1, max_length=4096, pattern=_BASE64URL), _decodable]
Statement = Annotated[str, Field(min_length=1, max_length=40_000, pattern=_BASE64URL), _decodable]
Transport = Annotated[str, Field(max_length=32)]


class RelyingParty(Schema):
    """Whom a passkey is for."""

    id: str
    name: str = "Bloom Health"


class PasskeyUser(Schema):
    """Whose passkey it is; `id` is the user handle, which names nobody."""

    id: str
    name: str
    display_name: str


class KeyParameters(Schema):
    """A kind of key that we can check."""

    type: Literal["public-key"] = "public-key"
    alg: int


def _key_parameters() -> tuple[KeyParameters, ...]:
    return tuple(KeyParameters(alg=number) for number in ALGORITHMS)


class KnownPasskey(Schema):
    """A credential that there is already."""

    id: str
    type: Literal["public-key"] = "public-key"
    transports: tuple[str, ...]


class Selection(Schema):
    """Passkeys name their user, and ask that user for a PIN or a finger."""

    resident_key: Literal["required"] = "required"
    require_resident_key: Literal[True] = True
    user_verification: Literal["required"] = "required"


class CreationOptions(Schema):
    """What `navigator.credentials.create` takes, to be answered within `timeout` milliseconds."""

    rp: RelyingParty
    user: PasskeyUser
    challenge: str
    pub_key_cred_params: tuple[KeyParameters, ...] = Field(default_factory=_key_parameters)
    timeout: int = MILLISECONDS_TO_ANSWER
    exclude_credentials: tuple[KnownPasskey, ...]
    authenticator_selection: Selection = Field(default_factory=Selection)
    attestation: Literal["none"] = "none"


class RequestOptions(Schema):
    """What `navigator.credentials.get` takes; without `allowCredentials` any passkey of ours will do."""

    challenge: str
    timeout: int = MILLISECONDS_TO_ANSWER
    rp_id: str
    allow_credentials: tuple[KnownPasskey, ...] = ()
    user_verification: Literal["required"] = "required"


class FromBrowser(Schema):
    """What browsers send along besides, such as `clientExtensionResults`, is left alone."""

    model_config = ConfigDict(extra="ignore")


class Attestation(FromBrowser):
    """The authenticator's answer to `create`."""

    client_data_json: ClientData = Field(alias="clientDataJSON")
    attestation_object: Statement
    transports: Annotated[tuple[Transport, ...], Field(max_length=10)] = ()


class NewCredential(FromBrowser):
    """A credential that was just made."""

    id: CredentialId
    raw_id: CredentialId
    type: Literal["public-key"]
    response: Attestation


class Assertion(FromBrowser):
    """The authenticator's answer to `get`."""

    client_data_json: ClientData = Field(alias="clientDataJSON")
    authenticator_data: Statement
    signature: Statement
    user_handle: UserHandle | None = None


class UsedCredential(FromBrowser):
    """A credential that was just used."""

    id: CredentialId
    raw_id: CredentialId
    type: Literal["public-key"]
    response: Assertion


def encode(value: bytes) -> str:
    """Base64url without padding (RFC 4648)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(value: str) -> bytes:
    """What `encode` made."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
