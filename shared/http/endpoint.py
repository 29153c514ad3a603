"""A route states everything in one place: method and path, who may call, its limit, what comes in, what goes out."""

import inspect
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.contract import Schema
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, Visit
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
    ids: tuple[str, ...]
    """Names of path parameters, each an id."""

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
    ) -> Callable[[Handler], Handler]:
        """`route` is "METHOD /path/{id}". Parameters of the function are filled by their types.

        A `Caller` is who asks, a `Visit` the facts of the request, a `Schema` the body (or the query of a GET),
        and a `UUID` the path's id of that name. It returns a Schema, an Answer around one, or None (204).
        """

        def register(handler: Handler) -> Handler:
            self.endpoints.append(_describe(route, handler, allow, limit, status, body_limit))
            return handler

        return register


def _describe(
    route: str, handler: Callable[..., Any], allow: Allow, limit: Limit | None, status: int, body_limit: int
) -> Endpoint:
    method, path = route.split(" ")
    hints = typing.get_type_hints(handler)
    returned = hints.pop("return")
    by_type = {hint: name for name, hint in hints.items() if hint in (Caller, Visit)}
    incoming = [(name, hint) for name, hint in hints.items() if inspect.isclass(hint) and issubclass(hint, Schema)]
    ids = tuple(re.findall(r"{(\w+)}", path))
    unknown = set(hints) - set(by_type.values()) - {name for name, _ in incoming} - set(ids)
    if unknown or len(incoming) > 1 or any(hints.get(name) is not UUID for name in ids):
        raise TypeError(f"{route}: cannot fill {sorted(unknown) or [name for name, _ in incoming] or ids}")
    if Caller in by_type and allow.without_session:
        raise TypeError(f"{route}: there is no caller where {allow.name} may call")
    outgoing = _outgoing(returned)
    return Endpoint(
        method=method,
        path=path,
        handler=handler,
        allow=allow,
        limit=limit,
        status=status if outgoing else 204,
        body_limit=body_limit,
        incoming=incoming[0][1] if incoming else None,
        incoming_name=incoming[0][0] if incoming else "",
        outgoing=outgoing,
        caller_name=by_type.get(Caller),
        visit_name=by_type.get(Visit),
        ids=ids,
    )


def _outgoing(returned: Any) -> tuple[type[BaseModel], ...]:
    if typing.get_origin(returned) is Answer:
        (returned,) = typing.get_args(returned)
    members = typing.get_args(returned) if isinstance(returned, types.UnionType) else (returned,)
    return tuple(member for member in members if member is not type(None) and member is not None)
