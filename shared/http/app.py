"""The Flask application of a function, made of its slices' routes, and the target that Cloud Functions calls."""

import gc
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Request, Response, current_app, g, has_app_context, request
from pydantic import ValidationError
from pydantic_core import from_json
from werkzeug.wrappers import Response as WerkzeugResponse

from shared import audit, session, telemetry
from shared.http import impersonation, internal_caller, observed, openapi, problem_json
from shared.http.admission import admit
from shared.http.endpoint import Endpoint, Routes
from shared.http.rate_limit import Allowance, take
from shared.http.schema import Answer, Document, RawRequest, SetCookie, Visit
from shared.problems import (
    FieldFault,
    Forbidden,
    NotFound,
    NotSignedIn,
    Problem,
    TooLarge,
    Unprocessable,
    UnsupportedMediaType,
)
from shared.session import Caller
from shared.settings import settings

EMPTY_STATUSES: Final = frozenset({202, 204, 302, 303})
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
# A request makes some 5,000 objects that die with it by themselves; Python would look for cycles every 700.
OBJECTS_PER_COLLECTION: Final = 10_000
SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class StepUpRequired(Forbidden):
    """What was asked for wants a password or second factor of the last minutes: POST /api/auth/step-up."""

    title = "Please confirm that it is you"


class SecondFactorOwed(Forbidden):
    """Staff may do nothing but set up their second factor: POST /api/auth/two-factor/enroll."""

    title = "Please set up two-factor sign-in first"


class ForeignOrigin(Forbidden):
    """A cookie came along on a request that a page of another origin made."""

    title = "This request did not come from our own pages"


def function(name: str, *slices: Routes) -> Callable[[Request], WerkzeugResponse]:
    """The target of a Cloud Function: a plain function that hands each request to the app made of these slices."""
    settings()
    telemetry.start(name)
    app = create_app(name, *slices)
    gc.freeze()  # what is loaded by now stays for good: no collection has to look through it
    gc.set_threshold(OBJECTS_PER_COLLECTION)

    def handle(framework_request: Request) -> WerkzeugResponse:
        return WerkzeugResponse.from_app(app, framework_request.environ)

    if has_app_context():  # the framework's own app knows no path with a line break, and would answer with a page
        current_app.register_error_handler(404, lambda _: handle(request))
    return handle


def create_app(name: str, *slices: Routes) -> Flask:
    """A WSGI application that answers these routes, `/health`, and its part of the OpenAPI document."""
    app = Flask(name, static_folder=None)
    app.url_map.merge_slashes = False  # or `//api/…` would be a redirect instead of a problem
    endpoints = [endpoint for routes in slices for endpoint in routes.endpoints]
    document: list[dict[str, Any]] = []

    def part_of_document() -> dict[str, Any]:
        if not document:
            document.append(openapi.document(endpoints))
        return document[0]

    app.add_url_rule("/health", "health", lambda: {"status": "up"}, provide_automatic_options=False)
    app.add_url_rule("/metrics", "metrics", observed.metrics_page, provide_automatic_options=False)
    app.add_url_rule("/openapi.json", "openapi", part_of_document, provide_automatic_options=False)
    observed.know(endpoints)
    for endpoint in endpoints:
        app.add_url_rule(
            endpoint.path.replace("{", "<").replace("}", ">"),
            f"{endpoint.method} {endpoint.path}",
            _view(endpoint),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, problem_json.response_for)
    app.extensions["bloom-endpoints"] = endpoints
    return app


def _begin() -> None:
    g.allowance = None
    observed.begin()
    # A server's thread answers one request after another: nobody may act in the name of the one before.
    audit.acting.set(audit.Acting(None, client_address()))


def _finish(response: Response) -> Response:
    trace = telemetry.current.get()
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if trace:
        response.headers["X-Request-Id"] = trace.request_id
    if g.allowance:
        response.headers.extend(g.allowance.headers())
    observed.finish(response)
    return response


def _view(endpoint: Endpoint) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        try:
            arguments = _path_arguments(endpoint, path)
            caller = _admit(endpoint)
            if endpoint.caller_name:
                arguments[endpoint.caller_name] = caller
            if endpoint.visit_name:
                arguments[endpoint.visit_name] = visit()
            if endpoint.raw_name:
                arguments[endpoint.raw_name] = _raw_request(endpoint)
            if endpoint.incoming:
                arguments[endpoint.incoming_name] = _incoming(endpoint)
            return _answer(endpoint, caller, lambda: _outgoing(endpoint, endpoint.handler(**arguments)))
        except Problem as problem:
            if problem.denial:
                audit.record_denial(problem.denial)
            raise

    return view


def _answer(endpoint: Endpoint, caller: Caller | None, answer: Callable[[], Response]) -> Response:
    """The answer, or the one that this `Idempotency-Key` was given before."""
    key = request.headers.get("Idempotency-Key") if endpoint.once else None
    if key is None or caller is None:
        return answer()
    from shared.http import idempotency  # with the model of its table: 30 ms, only where a caller sends a key

    return idempotency.once(
        idempotency.Claim(caller.user_id, f"{request.method} {request.path}", key, g.raw_body), answer
    )


def _path_arguments(endpoint: Endpoint, path: dict[str, str]) -> dict[str, Any]:
    try:
        return {name: endpoint.path_types[name](value) for name, value in path.items()}
    except ValueError:
        raise NotFound from None


def _admit(endpoint: Endpoint) -> Caller | None:
    _check_origin()
    if endpoint.allow.service_account:
        internal_caller.require(endpoint.allow.service_account, request.headers.get("Authorization", ""))
        return None
    if endpoint.allow.without_session:
        if endpoint.limit:
            _count(take(endpoint.limit, audit.network_of(client_address())))
        return None
    return _signed_in(endpoint)


def _signed_in(endpoint: Endpoint) -> Caller:
    token = session_token()
    if token is None:
        raise NotSignedIn
    caller, allowance = admit(token, endpoint.limit)
    if caller is None:
        raise NotSignedIn
    acting_as = caller.user_id if caller.impersonated_by else None
    audit.acting.set(audit.Acting(caller.acts, client_address(), acting_as))
    if allowance:
        _count(allowance)  # before the refusal, which writes to the audit trail
    impersonation.refuse_the_rest(endpoint, caller)
    if caller.role not in endpoint.allow.roles:
        raise Forbidden(denial=audit.denied_route(endpoint.method, endpoint.path))
    if caller.owes_second_factor and not endpoint.before_two_factor:
        raise SecondFactorOwed(denial=audit.denied_route(endpoint.method, endpoint.path))
    if endpoint.fresh and not caller.is_fresh():
        raise StepUpRequired(denial=audit.denied_route(endpoint.method, endpoint.path))
    impersonation.note_look(endpoint, caller)
    return caller


def _count(allowance: Allowance) -> None:
    g.allowance = allowance
    allowance.require()


def _check_origin() -> None:
    """Unsafe requests from a page must come from our own; with a cookie and no sign of its page they are refused.

    A bearer token is exempt: no page of another origin can add the header, since no preflight is ever answered.
    """
    if request.method in SAFE_METHODS or _bearer_token():
        return
    origin = request.headers.get("Origin")
    if origin is not None:
        if origin != settings().base_url:
            raise ForeignOrigin
    elif (
        any(session.is_our_cookie(name) for name in request.cookies)
        and request.headers.get("Sec-Fetch-Site") != "same-origin"
    ):
        raise ForeignOrigin


def _incoming(endpoint: Endpoint) -> Any:
    assert endpoint.incoming is not None
    if not endpoint.has_body:
        try:
            parsed = endpoint.incoming.model_validate_strings(request.args.to_dict())
        except ValidationError as error:
            raise problem_json.query_fault(error) from None
        _refuse([f"?{name}" for name, value in request.args.items() if "\0" in value])
        return parsed
    raw = _raw_body(endpoint.body_limit)
    try:
        parsed = endpoint.incoming.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise problem_json.body_fault(error, raw) from None
    if b"\\u0000" in raw:
        places = problem_json.places_of(from_json(raw), lambda value: "\0" in value)
        _refuse([problem_json.pointer(place) for place in places])
    return parsed


def _raw_request(endpoint: Endpoint) -> RawRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return RawRequest(_raw_body(endpoint.body_limit), headers)


def _raw_body(limit: int) -> bytes:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    if (request.content_length or 0) > limit:
        raise TooLarge
    raw = request.stream.read(limit + 1)
    if len(raw) > limit:
        raise TooLarge
    g.raw_body = raw
    return raw


def _refuse(places_of_nul: list[str]) -> None:
    """The database cannot keep U+0000, which JSON and queries can carry as an escape."""
    if places_of_nul:
        raise Unprocessable(errors=[FieldFault(place, "must not contain U+0000") for place in places_of_nul])


def _outgoing(endpoint: Endpoint, returned: Any) -> Response:
    answer = returned if isinstance(returned, Answer) else Answer(returned)
    response = _body(endpoint, answer.body)
    response.headers.extend(answer.headers)
    for cookie in answer.cookies:
        _set_cookie(response, cookie)
    return response


def _body(endpoint: Endpoint, body: Any) -> Response:
    if body is None:
        return Response(status=endpoint.status if endpoint.status in EMPTY_STATUSES else 204)
    if isinstance(body, Document):
        response = Response(body.chunks, endpoint.status, mimetype=body.media_type)
        disposition = "inline" if body.is_page else "attachment"
        response.headers["Content-Disposition"] = f'{disposition}; filename="{body.filename}"'
        return response
    return Response(body.model_dump_json(by_alias=True), endpoint.status, mimetype="application/json")


def _set_cookie(response: Response, cookie: SetCookie) -> None:
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=cookie.max_age,
        secure=settings().secure_cookies,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def visit() -> Visit:
    """The facts of the present request that a slice may know."""
    return Visit(
        address=client_address(),
        user_agent=request.headers.get("User-Agent", "")[:200],
        has_origin="Origin" in request.headers,
        wants_bearer=request.headers.get("X-Session-Transport") == "bearer",
        session_token=session_token(),
        cookies=request.cookies,
    )


def session_token() -> str | None:
    """The token the present request carries, as a bearer token or as the cookie.

    An administrator's page that looks on as somebody has two cookies and says by a header that it means the other one.
    """
    purpose = "session"
    if request.headers.get(impersonation.CHOICE) == impersonation.IMPERSONATION:
        purpose = impersonation.IMPERSONATION
    return _bearer_token() or request.cookies.get(session.cookie_name(purpose))


def _bearer_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def client_address() -> str:
    """Where the present request came from, as our own load balancer saw it."""
    return audit.client_address(request.headers.get("X-Forwarded-For", ""), request.remote_addr)
