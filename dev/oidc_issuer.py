"""The issuer of ID tokens that stands in for Google's: it publishes the key that functions verify them with."""

import argparse
import json
from pathlib import Path
from typing import Any

from dev.event_loop import run, run_until_stopped
from dev.http_listener import Answer, Handler, Request, listen

_PUBLIC = ("kty", "n", "e", "kid", "use", "alg")


def public_key(path: Path) -> dict[str, Any]:
    """The public half of the signing key in the file, as a JSON Web Key (RFC 7517)."""
    key = json.loads(path.read_text())
    return {name: key[name] for name in _PUBLIC}


def pages(key: dict[str, Any], issuer: str) -> Handler:
    """What the issuer publishes: its public key, and where that is."""
    published = {
        "/jwks.json": {"keys": [key]},
        "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/jwks.json"},
        "/health": {"status": "up"},
    }

    async def answer(request: Request) -> Answer:
        page = published.get(request.path)
        return Answer.of_json(page) if page else Answer.of_json({"error": "not here"}, 404)

    return answer


async def _main(port: int, key_file: Path, issuer: str) -> None:
    listener = await listen(pages(public_key(key_file), issuer), port)
    await run_until_stopped()
    await listener.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3062)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--issuer", required=True)
    arguments = parser.parse_args()
    run(_main(arguments.port, arguments.key, arguments.issuer))
