"""Every route of the product states who may call it and how often, and is found where the edge sends it."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic.json_schema import models_json_schema

from dev.openapi import DOCUMENT, FUNCTIONS, as_text, endpoints
from infra.routes import INTERNAL_PREFIX, ROUTES, deployable_for
from infra.schedules import SCHEDULES
from infra.subscriptions import SUBSCRIPTIONS
from shared.events import EVENT_TYPES, MessageAnalysed, ReadAdvanced
from shared.http.endpoint import Endpoint, Routes
from shared.roles import Allow, pubsub, scheduler


@pytest.fixture
def every_route(environment: Callable[..., None]) -> dict[str, list[Endpoint]]:
    """The routes of each function."""
    return {function: endpoints(function) for function in FUNCTIONS}


@pytest.fixture
def routes(every_route: dict[str, list[Endpoint]]) -> list[Endpoint]:
    """All of them."""
    return [endpoint for own in every_route.values() for endpoint in own]


def is_internal(endpoint: Endpoint) -> bool:
    return endpoint.path.startswith(INTERNAL_PREFIX)


def test_who_may_call_has_no_default() -> None:
    assert inspect.signature(Routes.endpoint).parameters["allow"].default is inspect.Parameter.empty


def test_every_public_route_has_a_limit(routes: list[Endpoint]) -> None:
    unlimited = [endpoint.path for endpoint in routes if not is_internal(endpoint) and endpoint.limit is None]
    assert unlimited == []


def test_a_limit_counts_by_what_the_route_knows_of_its_caller(routes: list[Endpoint]) -> None:
    for endpoint in routes:
        if endpoint.limit:
            assert endpoint.limit.by == ("address" if endpoint.allow.without_session else "user"), endpoint.path


def test_every_limit_has_a_name_of_its_own_that_the_settings_can_say(routes: list[Endpoint]) -> None:
    names = [endpoint.limit.name for endpoint in routes if endpoint.limit]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z-]+", name) for name in names)


def test_internal_routes_are_for_our_own_accounts_and_no_other_route_is(routes: list[Endpoint]) -> None:
    for endpoint in routes:
        assert is_internal(endpoint) == (endpoint.allow.service_account is not None), endpoint.path


def test_every_route_says_what_it_does(routes: list[Endpoint]) -> None:
    for endpoint in routes:
        assert (endpoint.handler.__doc__ or "").strip(), endpoint.path


def test_every_route_has_its_own_method_and_path_and_operation(every_route: dict[str, list[Endpoint]]) -> None:
    public = [endpoint for own in every_route.values() for endpoint in own if not is_internal(endpoint)]
    assert len({(endpoint.method, endpoint.path) for endpoint in public}) == len(public)
    assert len({endpoint.handler.__name__ for endpoint in public}) == len(public)


def test_the_edge_sends_every_public_route_to_the_function_that_has_it(every_route: dict[str, list[Endpoint]]) -> None:
    for function, own in every_route.items():
        for endpoint in own:
            wanted = None if is_internal(endpoint) else function
            assert deployable_for(endpoint.path) == wanted, endpoint.path


def test_every_prefix_leads_to_a_deployable_that_exists() -> None:
    assert set(ROUTES.values()) <= {*FUNCTIONS, "realtime"}


@pytest.mark.parametrize(
    ("calls", "allow"), [(SUBSCRIPTIONS, pubsub), (SCHEDULES, scheduler)], ids=["subscriptions", "schedules"]
)
def test_what_calls_us_finds_a_route_for_it(
    every_route: dict[str, list[Endpoint]], calls: dict[str, Any], allow: Allow
) -> None:
    for call in calls.values():
        assert ("POST", call.path, allow) in {
            (endpoint.method, endpoint.path, endpoint.allow) for endpoint in every_route[call.deployable]
        }


def test_every_event_of_the_outbox_is_pushed_to_exactly_one_function() -> None:
    pushed = [event_type for subscription in SUBSCRIPTIONS.values() for event_type in subscription.event_types]
    # Analyses and places of reading are told to sockets alone; they are in the database for whoever asks later.
    assert sorted(pushed) == sorted(set(EVENT_TYPES) - {MessageAnalysed.type, ReadAdvanced.type})


def test_every_number_that_comes_in_has_bounds(routes: list[Endpoint]) -> None:
    models: list[Any] = [(endpoint.incoming, "validation") for endpoint in routes if endpoint.incoming]
    _, definitions = models_json_schema(models)
    for title, schema in definitions["$defs"].items():
        for member, stated in schema.get("properties", {}).items():
            for one in stated.get("anyOf", [stated]):
                if one.get("type") in {"integer", "number"}:
                    assert {"minimum", "maximum"} <= set(one), f"{title}.{member}"


def test_the_openapi_document_is_what_the_code_generates(environment: Callable[..., None]) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == as_text(), "run `make openapi`"
