"""The issuer of local ID tokens."""

import stat
import time
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dev.http_listener import listen
from dev.id_tokens import IdTokens, create_key, load_key
from dev.oidc_issuer import pages, public_key

ISSUER = "http://127.0.0.1:3062"


async def _published_keys(key_file: Path) -> KeySet:
    listener = await listen(pages(public_key(key_file), ISSUER), 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}") as client:
        document = (await client.get("/.well-known/openid-configuration")).json()
        assert document == {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks.json"}
        published = (await client.get("/jwks.json")).json()
        assert (await client.get("/elsewhere")).status_code == 404
    await listener.close()
    assert not {"d", "p", "q"} & set(published["keys"][0])
    return KeySet.import_key_set(published)


async def test_a_token_verifies_against_the_published_key_and_claims_what_googles_do(
    key_file: Path, tokens: IdTokens
) -> None:
    token = jwt.decode(tokens.bearer("push@project", "http://audience"), await _published_keys(key_file))
    assert token.header["alg"] == "RS256"
    claims = token.claims
    assert (claims["iss"], claims["aud"]) == (ISSUER, "http://audience")
    assert (claims["email"], claims["email_verified"]) == ("push@project", True)
    assert claims["iat"] <= time.time() < claims["exp"] == claims["iat"] + 3600


async def test_another_key_does_not_verify(tmp_path: Path, key_file: Path) -> None:
    create_key(tmp_path / "other.json")
    forged = IdTokens(load_key(tmp_path / "other.json"), ISSUER).bearer("push@project", "http://audience")
    published = await _published_keys(key_file)
    with pytest.raises(JoseError):
        jwt.decode(forged, published)


def test_a_token_is_kept_for_its_account_and_audience(tokens: IdTokens) -> None:
    assert tokens.bearer("a", "x") == tokens.bearer("a", "x")
    assert len({tokens.bearer("a", "x"), tokens.bearer("b", "x"), tokens.bearer("a", "y")}) == 3


def test_the_key_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    create_key(path)
    first = path.read_text()
    create_key(path)
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
