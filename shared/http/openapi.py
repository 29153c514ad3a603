"""The OpenAPI 3.1 document, made of what the routes already state."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.endpoint import Endpoint

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "A stable URN for this kind of problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The id of the request"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
INFO: Final = {
    "title": "Bloom Health",
    "version": "1",
    "description": "Telehealth for mental health. Failures are RFC 9457 problem documents; times are RFC 3339 UTC.",
}
SECURITY: Final = {
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-bloom-session"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first answer again, for 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
INTERNAL_PREFIX: Final = "/api/internal/"


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The document of these routes, those for our own services left out."""
    public = [endpoint for endpoint in endpoints if not endpoint.path.startswith(INTERNAL_PREFIX)]
    models: list[tuple[type[BaseModel], str]] = [
        (endpoint.incoming, "validation") for endpoint in public if endpoint.incoming
    ]
    models += [(model, "serialization") for endpoint in public for model in _bodies(endpoint)]
    names, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    paths: dict[str, Any] = {}
    for endpoint in public:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, names, definitions)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM} | definitions.get("$defs", {}),
            "securitySchemes": SECURITY,
        },
    }


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One document of several functions' parts. Raises ValueError where two call different things by one name."""
    whole = document([])
    for part in parts:
        for into, more in ((whole["paths"], part["paths"]), (_schemas(whole), _schemas(part))):
            if differing := [name for name in more if into.get(name, more[name]) != more[name]]:
                raise ValueError(f"two functions differ in {', '.join(differing)}")
            into.update(more)
    whole["paths"] = dict(sorted(whole["paths"].items()))
    whole["components"]["schemas"] = dict(sorted(whole["components"]["schemas"].items()))
    return whole


def _schemas(part: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = part["components"]["schemas"]
    return schemas


def _operation(endpoint: Endpoint, names: dict[Any, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": (endpoint.handler.__doc__ or "").strip().partition("\n")[0],
        "x-allow": endpoint.allow.name,
        "security": [] if endpoint.allow.without_session else [{"session": []}, {"bearer": []}],
        "responses": _responses(endpoint, names),
    }
    parameters = [_path_parameter(name, kind) for name, kind in endpoint.path_types.items()]
    parameters += _query_parameters(endpoint, names, definitions)
    if endpoint.once:
        parameters.append(IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.has_body:
        schema = names[endpoint.incoming, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif endpoint.raw_name:
        operation["requestBody"] = {"required": True, "content": {"application/json": {}}}
    return operation


def _responses(endpoint: Endpoint, names: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    schemas = [names[model, "serialization"] for model in _bodies(endpoint)]
    if len(schemas) < len(endpoint.outgoing):  # a Document
        success["content"] = {"*/*": {}}
    elif schemas:
        schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
        success["content"] = {"application/json": {"schema": schema}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(endpoint.status): success, "default": {"description": "A problem (RFC 9457)", "content": problem}}


def _bodies(endpoint: Endpoint) -> list[type[BaseModel]]:
    return [model for model in endpoint.outgoing if issubclass(model, BaseModel)]


def _path_parameter(name: str, kind: type[UUID] | type[StrEnum]) -> dict[str, Any]:
    more: dict[str, Any] = {"format": "uuid"} if kind is UUID else {"enum": [str(member) for member in kind]}  # type: ignore[union-attr]
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"} | more}


def _query_parameters(endpoint: Endpoint, names: dict[Any, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    if endpoint.incoming is None or endpoint.has_body:
        return []
    schema = definitions["$defs"][names[endpoint.incoming, "validation"]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": member}
        for name, member in schema.get("properties", {}).items()
    ]
