"""What callers send, read under its limits: JSON bodies and the deadline header."""

import json
from typing import Any

from starlette.requests import Request

from containers.inference.problems import FieldFault, Malformed, TooLarge, Unacceptable, UnsupportedMediaType
from containers.inference.settings import Settings

_LONGEST_DEADLINE_MS = 600_000


async def read_text(request: Request, settings: Settings) -> list[str]:
    """The one text of a `{text}` body; raises the problem that names what is wrong with it."""
    body = await _read_object(request, settings.max_body_bytes, "text")
    return [_checked(body["text"], "/text", settings)]


async def read_texts(request: Request, settings: Settings) -> list[str]:
    """The texts of a `{texts}` body, at least one; raises the problem that names what is wrong with it."""
    texts = (await _read_object(request, settings.max_body_bytes, "texts"))["texts"]
    if not isinstance(texts, list) or not texts:
        raise Unacceptable(errors=[("/texts", "must be a list of at least one text")])
    if len(texts) > settings.max_batch_texts:
        raise TooLarge(errors=[("/texts", f"must hold at most {settings.max_batch_texts} texts")])
    return [_checked(text, f"/texts/{index}", settings) for index, text in enumerate(texts)]


def read_deadline(request: Request, now: float) -> float | None:
    """When the caller stops waiting, on the clock of `now` (seconds), from `X-Deadline-Ms`; None without the header."""
    value = request.headers.get("x-deadline-ms")
    if value is None:
        return None
    # Its length first: what a number of so many digits costs, and whether it is one at all, is the caller's choice.
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(_LONGEST_DEADLINE_MS))
    if not is_number or not 0 < int(value) <= _LONGEST_DEADLINE_MS:
        raise Malformed(f"X-Deadline-Ms must be a whole number of milliseconds from 1 to {_LONGEST_DEADLINE_MS}.")
    return now + int(value) / 1000


async def _read_object(request: Request, max_bytes: int, member: str) -> dict[str, Any]:
    """The body as an object that has `member` and nothing else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    try:
        body = json.loads(await _read_bytes(request, max_bytes), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Malformed("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Unacceptable(errors=[("", "must be an object")])
    faults: list[FieldFault] = [(_pointer(name), "is not known here") for name in body if name != member]
    if member not in body:
        faults.append((f"/{member}", "is required"))
    if faults:
        raise Unacceptable(errors=faults[:10])
    return body


async def _read_bytes(request: Request, max_bytes: int) -> bytes:
    """The body, of which no more is read than is allowed, nor any where it is announced to be more."""
    announced = request.headers.get("content-length", "")
    too_large = TooLarge(f"A body may hold at most {max_bytes} bytes.")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > max_bytes:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def _refuse(constant: str) -> None:
    """NaN and Infinity are Python's, not JSON's (RFC 8259)."""
    raise ValueError(constant)


def _pointer(name: str) -> str:
    """A member that we do not know, by name only where the name cannot be somebody's words."""
    return f"/{name}" if name.isascii() and name.isidentifier() and len(name) <= 32 else ""


def _checked(text: object, pointer: str, settings: Settings) -> str:
    if not isinstance(text, str):
        raise Unacceptable(errors=[(pointer, "must be a string")])
    if not text.strip():
        raise Unacceptable(errors=[(pointer, "must not be empty")])
    if len(text) > settings.max_text_characters:
        raise TooLarge(errors=[(pointer, f"must hold at most {settings.max_text_characters} characters")])
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unacceptable(errors=[(pointer, "must be valid Unicode")]) from None
    return text
