"""A software authenticator (WebAuthn level 3): makes real keys, attestation objects and assertions, as told."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:3000"
PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
ES256, P256, EC2 = -7, 1, 2


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Authenticator:
    """One passkey; every attribute is a knob that a test may turn."""

    origin: str = ORIGIN
    rp_id: str | None = None
    """Instead of the one that the options name."""
    challenge: bytes | None = None
    """Instead of the one that the options carry."""
    user_handle: bytes | None = None
    """Instead of the one that the passkey was made for."""
    flags: int = PRESENT | VERIFIED
    count: int = 0
    """What the next use is counted as; 0 where the authenticator does not count."""
    cross_origin: bool = False
    statement: dict[str, Any] = field(default_factory=dict)
    format: str = "none"
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any], **response: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`, as `toJSON()` writes it."""
        if self.user_handle is None:
            self.user_handle = decode(options["user"]["id"])
        data = self._data(options["rp"]["id"], ATTESTED)
        data += bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + self.public_key()
        attested = cbor2.dumps({"fmt": self.format, "attStmt": self.statement, "authData": data})
        return self._credential(
            clientDataJSON=encode(self._client_data("webauthn.create", options)),
            attestationObject=encode(attested),
            transports=["internal", "hybrid"],
            authenticatorData=encode(data),
            publicKeyAlgorithm=ES256,
            **response,
        )

    def get(self, options: dict[str, Any], **response: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`, as `toJSON()` writes it."""
        data, client_data = self._data(options["rpId"]), self._client_data("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        answer = {
            "clientDataJSON": encode(client_data),
            "authenticatorData": encode(data),
            "signature": encode(signature),
            "userHandle": encode(self.user_handle) if self.user_handle is not None else None,
        }
        return self._credential(**{**answer, **response})

    def public_key(self) -> bytes:
        """The COSE form (RFC 9053)."""
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor2.dumps({1: EC2, 3: ES256, -1: P256, -2: x, -3: y})

    def _data(self, rp_id: str, more_flags: int = 0) -> bytes:
        flags, count = bytes([self.flags | more_flags]), self.count.to_bytes(4, "big")
        self.count += 1 if self.count else 0
        return hashlib.sha256((self.rp_id or rp_id).encode()).digest() + flags + count

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        challenge = options["challenge"] if self.challenge is None else encode(self.challenge)
        fields = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return json.dumps(fields).encode()

    def _credential(self, **response: Any) -> dict[str, Any]:
        return {
            "id": encode(self.credential_id),
            "rawId": encode(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }
