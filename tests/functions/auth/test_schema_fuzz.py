"""Whatever fits the contract, or just does not, is answered within it: no 5xx, and nothing outside its schema."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.roles import Role
from tests.inside import sized
from tests.people import PASSWORD, Person, add_person

Operation = APIOperation[Any, Any, Any, Any]
Asked = Case[Any]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = sized(8, 150)
REFUSALS = 2
"""Of a route that nobody may call who has no session, the body is not even read."""
SAFE = {"GET", "HEAD"}


class Asking:
    """One who asks, in a session that is open: whatever they changed, somebody new asks next."""

    def __init__(self, role: Role | None) -> None:
        self._role = role
        self._person: Person | None = None

    @property
    def person(self) -> Person:
        """Who they are, or whose account a visitor who is nobody knows of."""
        if self._person is None:
            self._person = add_person(self._role or Role.PATIENT)
        return self._person

    def ask(self, case: Asked) -> None:
        """Ask, and check the answer."""
        response = case.call(headers=self.person.bearer if self._role else {})
        if case.method not in SAFE and (response.status_code < 400 or response.status_code in (401, 429)):
            self._person = None
        case.validate_response(response, checks=CHECKS)


@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize("role", [None, *Role])
def test_every_route_answers_within_its_schema_whatever_it_is_asked(auth: FlaskClient, role: Role | None) -> None:
    asking, found = Asking(role), []
    for operation in operations(auth):
        is_open = operation.definition.raw["x-allow"] == "anyone"
        if role is not None and is_open:
            continue  # asked as nobody
        try:
            explore(operation, asking, EXAMPLES if role or is_open else REFUSALS)
        except (Exception, FailureGroup) as error:  # noqa: BLE001 - all of them are told at the end
            found.append(f"{operation.label}: {error}")
    assert not found, "\n\n".join(found)


def operations(auth: FlaskClient) -> Iterator[Operation]:
    """What the function's own document offers."""
    document = auth.get("/openapi.json").get_data(as_text=True)
    config = schemathesis.Config()
    config.projects.default.generation.update(with_security_parameters=False)  # who asks is given
    offered = schemathesis.openapi.from_dict(json.loads(document), config=config)
    offered.app = auth.application
    for result in offered.get_all_operations():
        assert isinstance(result, Ok), result.err()
        yield result.ok()


def explore(operation: Operation, asking: Asking, count: int) -> None:
    """Ask with bodies, paths and queries that fit the schema, and with some that do not."""
    fitting = operation.as_strategy(GenerationMode.POSITIVE)
    takes_something = bool(operation.body or operation.query or operation.path_parameters)
    cases = fitting | operation.as_strategy(GenerationMode.NEGATIVE) if takes_something else fitting

    @examples(
        max_examples=count if takes_something else 1,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, st.booleans())
    def answers(case: Asked, knows: bool) -> None:
        if knows:
            tell(case, asking.person)
        asking.ask(case)

    answers()


def tell(case: Asked, person: Person) -> None:
    """Put in what only the account's owner knows, or the route would never get past it."""
    known = {"email": person.email, "password": PASSWORD, "currentPassword": PASSWORD}
    if isinstance(case.body, dict):
        case.body = case.body | {name: value for name, value in known.items() if name in case.body}
