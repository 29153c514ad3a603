"""A route states everything in one place: method and path, who may call, its limit, what comes in, what goes out."""

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.contract import Schema
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, RawRequest, Visit
from shared.roles import Allow
from shared.session import Caller

Handler = TypeVar("Handler", bound=Callable[..., Any])
BODY_LIMIT: Final = 64 * 1024


@dataclass(frozen=True)
class Endpoint:
    """One route, as its decorator and the types of its function state it."""

    method: str
    path: str
    handler: Callable[..., Any]
    allow: Allow
    limit: Limit | None
    status: int
    body_limit: int
    """Bytes."""
    incoming: type[Schema] | None
    incoming_name: str
    outgoing: tuple[type[BaseModel], ...]
    caller_name: str | None
    visit_name: str | None
    raw_name: str | None
    path_types: Mapping[str, type[UUID] | type[StrEnum]]
    """What each path parameter is."""
    fresh: bool
    """Whether the caller must have proved within the last minutes who they are."""
    before_two_factor: bool
    """Whether staff may call it who still owe their second factor."""
    once: bool
    """Whether it creates something, so that an `Idempotency-Key` makes a repeat harmless."""

    @property
    def has_body(self) -> bool:
        """Whether what comes in is a JSON body rather than a query."""
        return self.incoming is not None and self.method not in {"GET", "DELETE"}


class Routes:
    """The routes of one slice, in the order of its file."""

    def __init__(self) -> None:
        """A slice makes one and decorates its use cases with it."""
        self.endpoints: list[Endpoint] = []

    def endpoint(
        self,
        route: str,
        *,
        allow: Allow,
        limit: Limit | None = None,
        status: int = 200,
        body_limit: int = BODY_LIMIT,
        fresh: bool = False,
        before_two_factor: bool = False,
        once: bool = False,
    ) -> Callable[[Handler], Handler]:
        """`route` is "METHOD /path/{id}". Parameters of the function are filled by their types.

        A `Caller` is who asks, a `Visit` the facts of the request, a `Schema` the body (or the query of a GET),
        a `RawRequest` the body unread, and a `UUID` or a StrEnum the path's parameter of that name. It returns a
        Schema, an Answer around one (or around a Document), or None (204, where the status says nothing else).
        `fresh` asks for a step-up of the last minutes; `before_two_factor` lets in staff who still owe their second
        factor; `once` takes an Idempotency-Key.
        """

        def register(handler: Handler) -> Handler:
            described = _describe(route, handler)
            self.endpoints.append(
                Endpoint(
                    **described,
                    allow=allow,
                    limit=limit,
                    status=status if described["outgoing"] or status != 200 else 204,
                    body_limit=body_limit,
                    fresh=fresh,
                    before_two_factor=before_two_factor,
                    once=once,
                )
            )
            if described["caller_name"] and allow.without_session:
                raise TypeError(f"{route}: there is no caller where {allow.name} may call")
            if once and (allow.without_session or not described["incoming"]):
                raise TypeError(f"{route}: a key is one caller's, and for one body")
            return handler

        return register


def _describe(route: str, handler: Callable[..., Any]) -> dict[str, Any]:
    """What the route's words and the types of its function say."""
    method, path = route.split(" ")
    hints = typing.get_type_hints(handler)
    returned = hints.pop("return")
    by_type = {hint: name for name, hint in hints.items() if hint in (Caller, Visit, RawRequest)}
    incoming = [(name, hint) for name, hint in hints.items() if inspect.isclass(hint) and issubclass(hint, Schema)]
    path_types = {name: hints.get(name) for name in re.findall(r"{(\w+)}", path)}
    unknown = set(hints) - set(by_type.values()) - {name for name, _ in incoming} - set(path_types)
    bodies = len(incoming) + (RawRequest in by_type)
    if unknown or bodies > 1 or not all(map(_fits_in_a_path, path_types.values())):
        raise TypeError(f"{route}: cannot fill {sorted(unknown) or [name for name, _ in incoming] or [*path_types]}")
    return {
        "method": method,
        "path": path,
        "handler": handler,
        "incoming": incoming[0][1] if incoming else None,
        "incoming_name": incoming[0][0] if incoming else "",
        "outgoing": _outgoing(returned),
        "caller_name": by_type.get(Caller),
        "visit_name": by_type.get(Visit),
        "raw_name": by_type.get(RawRequest),
        "path_types": path_types,
    }


def _fits_in_a_path(hint: Any) -> bool:
    return hint is UUID or (inspect.isclass(hint) and issubclass(hint, StrEnum))


def _outgoing(returned: Any) -> tuple[type[BaseModel], ...]:
    if typing.get_origin(returned) is Answer:
        (returned,) = typing.get_args(returned)
    members = typing.get_args(returned) if isinstance(returned, types.UnionType) else (returned,)
    return tuple(member for member in members if member is not type(None) and member is not None)
