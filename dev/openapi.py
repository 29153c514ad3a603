"""Writes functions/admin/openapi.json, the contract of all five functions, from their routes."""

import importlib
import json
import os
import sys
from typing import Any, Final

from dev.environment import ROOT, product_settings
from dev.ports import PORTS
from shared.http import openapi
from shared.http.endpoint import Endpoint, Routes

DOCUMENT: Final = ROOT / "functions" / "admin" / "openapi.json"
FUNCTIONS: Final = tuple(sorted(path.parent.name for path in ROOT.glob("functions/*/main.py")))
# Importing a function reads its settings; nothing of what they name is asked.
NOWHERE: Final = {
    **product_settings(PORTS, "postgresql+pg8000://nobody@/nowhere?unix_sock=/nonexistent"),
    "UPSTASH_REDIS_REST_TOKEN": "none",
}


def endpoints(function: str) -> list[Endpoint]:
    """The routes of a function, in the order of its main.py."""
    main = importlib.import_module(f"functions.{function}.main")
    slices = [getattr(module, "routes", None) for module in vars(main).values()]
    return [endpoint for routes in slices if isinstance(routes, Routes) for endpoint in routes.endpoints]


def document() -> dict[str, Any]:
    """The OpenAPI document of all functions."""
    return openapi.merged(openapi.document(endpoints(function)) for function in FUNCTIONS)


def as_text() -> str:
    """The document as its file holds it."""
    return json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    os.environ.update(NOWHERE)
    DOCUMENT.write_text(as_text(), encoding="utf-8")
    sys.stdout.write(f"wrote {DOCUMENT.relative_to(ROOT)}\n")
