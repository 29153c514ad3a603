"""The one translation of what went wrong into RFC 9457 `application/problem+json`."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed

from shared import problems
from shared.problems import FieldFault, Problem
from shared.telemetry import current, log_exception

PLAIN_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "uuid_parsing": "must be an id",
    "uuid_type": "must be an id",
}
Place = tuple[int | str, ...]
"""Names and numbers that lead to a part of a JSON document."""
BY_STATUS: dict[int, type[Problem]] = {
    400: problems.Malformed,
    404: problems.NotFound,
    405: problems.MethodNotAllowed,
    413: problems.TooLarge,
    415: problems.UnsupportedMediaType,
}


def response_for(error: Exception) -> Response:
    """The answer to any exception. What is not a Problem is a fault of ours: logged, and told as a plain 500."""
    if isinstance(error, Problem):
        return _response(error)
    if isinstance(error, HTTPException):
        response = _response(BY_STATUS.get(error.code or 500, problems.Malformed)())
        if isinstance(error, WerkzeugMethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response
    log_exception("unexpected-error", error)
    return _response(Problem())


def body_fault(error: ValidationError, raw: bytes) -> Problem:
    """What is wrong with a body: 400 where it is no JSON, else 422; fields are named by JSON Pointer."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return problems.Malformed("The body is not valid JSON.", errors=_half_pairs(raw))
    return problems.Unprocessable(errors=[FieldFault(pointer(fault["loc"]), _words(fault)) for fault in faults])


def _half_pairs(raw: bytes) -> list[FieldFault]:
    """Where a body has half of a surrogate pair, which is no text (RFC 8259, section 8.2), and is JSON otherwise."""
    if b"\\u" not in raw:
        return []
    try:
        places = list(places_of(json.loads(raw), lambda text: any("\ud800" <= unit <= "\udfff" for unit in text)))
    except (ValueError, RecursionError):
        return []
    return [FieldFault(pointer(place), "must not contain half of a surrogate pair") for place in places]


def places_of(value: Any, is_wrong: Callable[[str], bool], place: Place = ()) -> Iterator[Place]:
    """Where in a document the texts and names are that are wrong."""
    if isinstance(value, str):
        if is_wrong(value):
            yield place
        return
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places_of(str(name), is_wrong, (*place, name))
        yield from places_of(member, is_wrong, (*place, name))


def query_fault(error: ValidationError) -> Problem:
    """What is wrong with a query: 422 naming each parameter as `?name`."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return problems.Unprocessable(errors=[FieldFault(_parameter(fault["loc"]), _words(fault)) for fault in faults])


def _response(problem: Problem) -> Response:
    trace = current.get()
    document: dict[str, Any] = {"type": problem.urn(), "title": problem.title, "status": problem.status}
    document = problem.members | document
    if problem.detail:
        document["detail"] = problem.detail
    if trace:
        document["instance"] = trace.request_id
    if problem.errors:
        document["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in problem.errors]
    response = Response(json.dumps(document), problem.status, mimetype="application/problem+json")
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, problems.NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def pointer(location: Place) -> str:
    """The JSON Pointer (RFC 6901) of a place in a document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _parameter(location: tuple[int | str, ...]) -> str:
    return f"?{location[0]}" if location else "?"


def _words(fault: Any) -> str:
    return PLAIN_WORDS.get(fault["type"], str(fault["msg"]).removeprefix("Value error, "))
