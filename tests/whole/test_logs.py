"""A marked secret is sent through every route, wherever a request can carry one, and is found in no log line."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from dev.openapi import FUNCTIONS, endpoints
from infra.routes import INTERNAL_PREFIX
from shared.http.endpoint import Endpoint
from shared.roles import Role
from tests.doubles import function_client
from tests.inside import LONG
from tests.people import Pair, add_pair, add_person
from tests.shared.logs import logged

SECRET = "quagga-verbena-3308"
JSON = "application/json"


@dataclass(frozen=True)
class Sent:
    """One request with the secret in it."""

    path: str
    headers: dict[str, str]
    body: bytes | None = None
    content_type: str = JSON


@pytest.fixture
def unlimited(environment: Callable[..., None], product: LocalCloud) -> None:
    """No request here is refused for being one too many."""
    names = {endpoint.limit.name for function in FUNCTIONS for endpoint in endpoints(function) if endpoint.limit}
    environment(limits=",".join(f"{name}=100000/1" for name in sorted(names)))


def newcomers(product: LocalCloud) -> tuple[Pair, list[dict[str, str]]]:
    """A patient and their therapist, and the headers of all who may ask.

    Those are nobody, each role, our own services, and who sends the secret as a token.
    """
    pair, administrator = add_pair(), add_person(Role.ADMINISTRATOR)
    audience = product.settings["OIDC_AUDIENCE"]
    accounts = (product.settings["PUSH_SERVICE_ACCOUNT"], product.settings["SCHEDULER_SERVICE_ACCOUNT"])
    tokens = [
        SECRET,
        *(person.token for person in (pair.patient, pair.therapist, administrator)),
        *(product.id_tokens.bearer(account, audience) for account in accounts),
    ]
    cookie = {"Cookie": f"bloom-session={SECRET}", "Origin": "http://localhost:3000"}
    return pair, [{}, cookie, *({"Authorization": f"Bearer {token}"} for token in tokens)]


def requests_to(endpoint: Endpoint, caller: dict[str, str], known_id: str) -> Iterator[Sent]:
    headers = {**caller, "User-Agent": SECRET, "X-Forwarded-For": SECRET, "Traceparent": SECRET, "Referer": SECRET}
    ids, queries = (known_id, SECRET), ("", f"?{SECRET}={SECRET}&cursor={SECRET}")
    for id_in_path, query in itertools.product(ids, queries) if LONG else zip(ids, queries, strict=True):
        path = endpoint.path.replace("{id}", id_in_path).replace("{provider}", "google") + query
        if not endpoint.has_body:
            yield Sent(path, headers)
            continue
        bodies = list(bodies_of(endpoint, known_id))
        # In a short run what stands in the path and the query is sent with one body, and each body with one path.
        for body, content_type in bodies if LONG or id_in_path == known_id else bodies[:1]:
            yield Sent(path, headers, body, content_type)


def bodies_of(endpoint: Endpoint, known_id: str) -> Iterator[tuple[bytes, str]]:
    """Each with its type."""
    schema = endpoint.incoming.model_json_schema() if endpoint.incoming else {}
    for fill in (
        lambda member: fitting(member, known_id),
        lambda _: SECRET,
        lambda _: [SECRET],
        lambda _: f"{SECRET}\0",
    ):
        body = {name: fill(member) for name, member in schema.get("properties", {}).items()}
        yield json.dumps(body).encode(), JSON
    yield json.dumps({SECRET: SECRET}).encode(), JSON
    yield f'{{"{SECRET}'.encode(), JSON
    yield SECRET.encode(), f"text/plain; charset={SECRET}"


def fitting(schema: dict[str, Any], known_id: str) -> Any:
    """What the field takes, with the secret in it where that can be."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uuid":
        return known_id
    if schema.get("type") in ("integer", "number"):
        return 1
    return f"{SECRET}@people.test" if "email" in schema.get("title", "").lower() else SECRET


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_route_logs_what_it_is_sent(function: str, product: LocalCloud) -> None:
    routes, statuses = endpoints(function), set()
    client = function_client(function)
    with logged() as lines:
        for endpoint in routes:
            pair, callers = newcomers(product)  # new ones for each route: some end the session they are asked in
            for caller in callers:
                statuses |= ask_all(client, endpoint, list(requests_to(endpoint, caller, str(pair.conversation_id))))
        _, everybody = newcomers(product)
        for caller in everybody:
            statuses.add(ask(client, "GET", Sent(f"/{SECRET}", caller)))
            statuses.add(ask(client, "GET", Sent("/health", caller)))
    assert SECRET not in lines.text
    assert [line["message"] for line in lines.read()].count("request") >= len(everybody)
    assert {status for status in statuses if status >= 500} <= {503}  # Grafana and Cloud Run are not there
    let_in = {endpoint.status for endpoint in routes if not by_chance_never(endpoint)}
    assert let_in <= statuses, "the way of what is let in was not seen"


def by_chance_never(endpoint: Endpoint) -> bool:
    """Whether only our own services are let in, or who comes with a signature, by way of a provider, or in time."""
    made = ("/api/appointments", "/api/therapists", "/api/files", "/api/waitlist", "/api/ml", "/api/admin")
    is_booked = endpoint.status in (201, 202) and endpoint.path.startswith(made)
    return is_booked or endpoint.path.startswith((INTERNAL_PREFIX, "/api/auth/passkeys", "/api/auth/oauth"))


def ask_all(client: FlaskClient, endpoint: Endpoint, requests: list[Sent]) -> set[int]:
    """The statuses. Of whoever is refused at the door, whatever is asked for, no body is read: so one is sent."""
    at_first = [next(sent for sent in requests if (SECRET in sent.path) is shows) for shows in (False, True)]
    statuses = {ask(client, endpoint.method, sent) for sent in at_first}
    if LONG or not statuses <= {401, 403}:
        statuses |= {ask(client, endpoint.method, sent) for sent in requests if sent not in at_first}
    return statuses


def ask(client: FlaskClient, method: str, sent: Sent) -> int:
    answer = client.open(
        sent.path,
        method=method,
        headers=sent.headers,
        data=sent.body,
        content_type=sent.content_type if sent.body else None,
    )
    return answer.status_code
