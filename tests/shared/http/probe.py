"""A slice as functions have them, whose routes show what the kernel makes of a request."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contract import Schema, UtcTime
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import Answer, RawRequest, SetCookie, Visit
from shared.problems import Conflict, Denial, Unavailable
from shared.roles import administrators, anyone, patients, patients_and_therapists, pubsub, signed_in, therapists
from shared.session import Caller

routes = Routes()

BODY_LIMIT = 300
FEW = Limit("few", 3, per=60, by="address")
FEW_EACH = Limit("few-each", 3, per=60)


class ThingTaken(Conflict):
    """What a slice of its own may raise."""

    title = "There is such a thing already"


class Part(Schema):
    """A thing inside a thing."""

    part_name: str


class Thing(Schema):
    """Members of several types."""

    display_name: Annotated[str, Field(min_length=1, max_length=50)]
    how_many: int = 1
    made_at: UtcTime | None = None
    parts: tuple[Part, ...] = ()


class Kind(StrEnum):
    """A closed set of words."""

    LIGHT = "light"
    HEAVY = "heavy"


class ThingsQuery(Schema):
    """What a list takes."""

    sort_by: Literal["name", "time"] = "name"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    starts_with: str = ""
    kind: Kind | None = None


class Who(Schema):
    """Who asked."""

    user_id: UUID
    role: str


class Seen(Schema):
    """What a slice sees of the request."""

    address: str
    user_agent: str
    has_origin: bool
    wants_bearer: bool
    signed_in: bool


@routes.endpoint("POST /api/things", allow=anyone, status=201, body_limit=BODY_LIMIT)
def make_thing(new: Thing) -> Thing:
    """Give back what came in."""
    return new


@routes.endpoint("GET /api/things", allow=anyone)
def list_things(query: ThingsQuery) -> ThingsQuery:
    """Give back the query."""
    return query


@routes.endpoint("GET /api/things/{id}", allow=anyone)
def read_thing(id: UUID) -> Thing:
    """A thing by its id."""
    return Thing(display_name=str(id))


@routes.endpoint("DELETE /api/things/{id}", allow=anyone)
def delete_thing(id: UUID) -> None:
    """Nothing is left to say."""


@routes.endpoint("POST /api/things/taken", allow=anyone)
def take_thing() -> None:
    """A problem of the slice's own."""
    raise ThingTaken("Thing 7 has this name.")


@routes.endpoint("POST /api/things/broken", allow=anyone)
def break_thing() -> None:
    """A bug of ours, with what a person wrote in its message."""
    raise RuntimeError("I feel so alone")


@routes.endpoint("POST /api/things/misread", allow=anyone)
def misread_thing() -> Thing:
    """A bug of ours that looks like the validation of a request."""
    return Thing.model_validate({"displayName": 7})


@routes.endpoint("GET /api/visit", allow=anyone)
def show_visit(visit: Visit) -> Seen:
    """What a slice may know of the request."""
    return Seen(
        address=visit.address,
        user_agent=visit.user_agent,
        has_origin=visit.has_origin,
        wants_bearer=visit.wants_bearer,
        signed_in=visit.session_token is not None,
    )


@routes.endpoint("POST /api/cookie", allow=anyone)
def give_cookie() -> Answer[None]:
    """A cookie and a header of the slice's own."""
    return Answer(None, cookies=(SetCookie("probe", "value", max_age=60),), headers={"Cache-Control": "max-age=5"})


made: list[str] = []
"""What `make_once` made, in this process."""


@routes.endpoint("POST /api/things/once", allow=signed_in, status=201, once=True)
def make_once(caller: Caller, new: Thing) -> Thing:
    """Make a thing, or fail as its name says."""
    made.append(new.display_name)
    if new.display_name == "taken":
        raise ThingTaken(denial=Denial("thing.make", caller.user_id))
    if new.display_name == "away":
        raise Unavailable("A part is away")
    if new.display_name == "broken":
        raise RuntimeError("a bug")
    return new.model_copy(update={"how_many": len(made)})


@routes.endpoint("GET /api/who", allow=signed_in)
def who_asks(caller: Caller) -> Who:
    """Who is signed in."""
    return Who(user_id=caller.user_id, role=caller.role)


@routes.endpoint("POST /api/who", allow=signed_in)
def who_writes(caller: Caller) -> Who:
    """The same by an unsafe method."""
    return Who(user_id=caller.user_id, role=caller.role)


@routes.endpoint("GET /api/few", allow=anyone, limit=FEW)
def few() -> None:
    """Little is let through of an address."""


@routes.endpoint("GET /api/few-each", allow=signed_in, limit=FEW_EACH)
def few_each(caller: Caller) -> Who:
    """Little is let through of a user."""
    return Who(user_id=caller.user_id, role=caller.role)


@routes.endpoint("GET /api/for-patients", allow=patients)
def for_patients() -> None:
    """Patients alone."""


@routes.endpoint("GET /api/for-therapists", allow=therapists)
def for_therapists() -> None:
    """Therapists alone."""


@routes.endpoint("GET /api/for-both", allow=patients_and_therapists)
def for_both() -> None:
    """The two sides of care."""


@routes.endpoint("GET /api/for-administrators", allow=administrators, limit=FEW_EACH)
def for_administrators() -> None:
    """Administrators alone."""


@routes.endpoint("POST /api/internal/probe", allow=pubsub)
def for_pubsub() -> None:
    """Pub/Sub alone."""


class Told(Schema):
    """What a raw request brought."""

    body: str
    signature: str | None


@routes.endpoint("POST /api/raw", allow=anyone, body_limit=BODY_LIMIT)
def take_raw(raw: RawRequest) -> Told:
    """The bytes as they came."""
    return Told(body=raw.body.hex(), signature=raw.headers.get("x-signature"))
