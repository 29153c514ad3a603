"""What a load balancer does to headers on their way to a deployable."""

import secrets

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

# RFC 9110, section 7.6.1: they are about one connection only.
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade", "expect"}
)


def end_to_end(headers: CIMultiDict[str] | CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """The headers without those of the connection they came on."""
    listed = {name.strip().lower() for value in headers.getall("Connection", []) for name in value.split(",")}
    dropped = HOP_BY_HOP | listed
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def forwarded_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    """The request's headers with the client's address appended, the scheme, and a trace if it brings none."""
    headers = end_to_end(request.headers)
    client = request.remote or "127.0.0.1"
    headers["X-Forwarded-For"] = ", ".join([*request.headers.getall("X-Forwarded-For", []), client])
    headers["X-Forwarded-Proto"] = "http"
    trace, span = secrets.token_hex(16), secrets.randbits(63) | 1
    if "traceparent" not in headers:
        headers["traceparent"] = f"00-{trace}-{span:016x}-01"
    if "X-Cloud-Trace-Context" not in headers:
        headers["X-Cloud-Trace-Context"] = f"{trace}/{span};o=1"
    return headers


def problem(kind: str, title: str, status: int, detail: str, retry_after: int | None = None) -> web.Response:
    """A problem document (RFC 9457) in the shape that the functions use."""
    document = {"type": f"urn:bloom:problem:{kind}", "title": title, "status": status, "detail": detail}
    response = web.json_response(document, status=status, content_type="application/problem+json")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def unavailable(deployable: str) -> web.Response:
    """503: the deployable does not answer."""
    title = "We cannot do this right now; please try again"
    return problem("unavailable", title, 503, f"{deployable} does not answer.", retry_after=1)


def not_found() -> web.Response:
    """404: nothing is routed there."""
    return problem("not-found", "There is nothing here", 404, "No such address.")


def too_large() -> web.Response:
    """413: more than the gateway passes on."""
    return problem("too-large", "The request is too large", 413, "A request may have 32 MiB at most.")
