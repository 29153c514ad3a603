"""GET /api/openapi.json: the contract of all five functions, as `make openapi` last wrote it from their code."""

import functools
import json
from pathlib import Path
from typing import Any

from pydantic import RootModel

from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.roles import anyone

routes = Routes()

DOCUMENT = Path(__file__).with_name("openapi.json")


class OpenApiDocument(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


@routes.endpoint("GET /api/openapi.json", allow=anyone, limit=Limit("openapi", 60, per=60, by="address"))
def read_contract() -> OpenApiDocument:
    """The OpenAPI 3.1 document of the whole product."""
    return _document()


@functools.cache
def _document() -> OpenApiDocument:
    return OpenApiDocument(json.loads(DOCUMENT.read_text()))
