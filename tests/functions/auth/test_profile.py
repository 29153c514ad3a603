"""Everybody has a profile of their role's own fields, changed field by field; what a patient tells is kept sealed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.encryption import KeyRing, seal
from shared.database.engine import engine
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from tests.doubles import function_client
from tests.inside import sized
from tests.people import As, Person, add_person, change_licence, rows

PROFILE = "/api/user/profile"
CONTACT = {"name": "Ida Sister", "phone": "+12025550199", "relationship": "sister"}
TOLD = {
    "name": "Pia Patient",
    "birthDate": "1990-02-28",
    "phone": "+12025550123",
    "timeZone": "America/Los_Angeles",
    "language": "en-US",
    "emergencyContact": CONTACT,
    "country": "US",
    "about": "I like\nmountains.",
}
OFFERED = {
    "name": "Theo Therapist",
    "timeZone": "Europe/Berlin",
    "language": "de",
    "bio": "Twenty years of listening.",
    "specialties": ["Anxiety", "Sleep"],
    "languages": ["de", "en"],
    "acceptsNewPatients": True,
}


def patch(auth: FlaskClient, person: Person, **changes: object) -> TestResponse:
    return As(auth, person).patch(PROFILE, changes)


def read(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).get(PROFILE)
    assert answer.status_code == 200, answer.get_json()
    shown: dict[str, Any] = answer.get_json()
    return shown


def pointers(answer: TestResponse) -> list[str]:
    assert answer.status_code == 422, answer.get_json()
    return [fault["pointer"] for fault in answer.get_json()["errors"]]


@pytest.mark.parametrize(("role", "told"), [(Role.PATIENT, TOLD), (Role.THERAPIST, OFFERED)])
def test_what_is_told_is_shown_again(auth: FlaskClient, role: Role, told: dict[str, object]) -> None:
    person = add_person(role)
    answer = patch(auth, person, **told)
    assert answer.status_code == 200, answer.get_json()
    shown = read(auth, person)
    assert shown == answer.get_json()
    assert {field: shown[field] for field in told} == told
    assert (shown["id"], shown["role"], shown["email"]) == (str(person.id), role.value, person.email)
    assert shown["completeness"] == {"complete": True, "missing": [], "percent": 100}


def test_an_administrator_has_a_name_a_zone_and_a_language(auth: FlaskClient) -> None:
    person = add_person(Role.ADMINISTRATOR)
    shown = patch(auth, person, name="Ada Admin", timeZone="Asia/Kathmandu", language="ne").get_json()
    assert shown == {
        "id": str(person.id),
        "role": "ADMINISTRATOR",
        "email": person.email,
        "name": "Ada Admin",
        "timeZone": "Asia/Kathmandu",
        "language": "ne",
        "completeness": {"complete": True, "missing": [], "percent": 100},
    }


@pytest.mark.parametrize("licence", [None, CredentialsStatus.UNSUBMITTED])
def test_a_new_account_has_an_empty_profile(auth: FlaskClient, licence: CredentialsStatus | None) -> None:
    therapist = read(auth, add_person(Role.THERAPIST, licence=licence))
    assert (therapist["bio"], therapist["specialties"], therapist["acceptsNewPatients"]) == ("", [], False)
    assert therapist["credentials"]["status"] == "unsubmitted"
    assert therapist["completeness"]["missing"] == ["bio", "specialties", "languages", "credentials"]


def test_a_patient_who_told_nothing_has_an_empty_profile_with_a_row_or_without(auth: FlaskClient) -> None:
    person = add_person()
    with_row = read(auth, person)
    forget_profile(person)
    assert read(auth, person) == with_row
    assert [with_row[field] for field in ("birthDate", "phone", "country", "emergencyContact", "about")] == [None] * 5
    assert with_row["completeness"] == {
        "complete": False,
        "missing": ["birthDate", "phone", "country", "emergencyContact"],
        "percent": 20,
    }
    assert rows(select(PatientProfile)) == []
    assert patch(auth, person, country="FR").get_json()["country"] == "FR"


@transaction
def forget_profile(db: Any, person: Person) -> None:
    db.delete(db.get_one(PatientProfile, person.id))


def test_what_is_left_out_stays_and_null_removes(auth: FlaskClient) -> None:
    person = add_person()
    patch(auth, person, **TOLD)
    assert patch(auth, person).get_json() == read(auth, person)
    shown = patch(auth, person, phone=None, about=None, name="Pia Other").get_json()
    assert {field: shown[field] for field in TOLD} == TOLD | {"phone": None, "about": None, "name": "Pia Other"}
    removed = patch(auth, person, birthDate=None, country=None, emergencyContact=None).get_json()
    assert removed["completeness"]["missing"] == ["birthDate", "phone", "country", "emergencyContact"]


def test_an_emergency_contact_is_replaced_as_a_whole(auth: FlaskClient) -> None:
    person = add_person()
    patch(auth, person, emergencyContact=CONTACT)
    assert pointers(patch(auth, person, emergencyContact={"phone": "+12025550100"})) == [
        "/emergencyContact/name",
        "/emergencyContact/relationship",
    ]
    assert read(auth, person)["emergencyContact"] == CONTACT


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        (Role.PATIENT, ["bio", "specialties", "languages", "acceptsNewPatients"]),
        (Role.THERAPIST, ["birthDate", "phone", "country", "emergencyContact", "about"]),
        (Role.ADMINISTRATOR, ["birthDate", "phone", "bio", "acceptsNewPatients", "country"]),
    ],
)
def test_fields_of_another_role_are_refused(auth: FlaskClient, role: Role, fields: list[str]) -> None:
    person, everything = add_person(role), TOLD | OFFERED
    answer = patch(auth, person, **{field: everything[field] for field in fields})
    assert sorted(pointers(answer)) == sorted(f"/{field}" for field in fields)
    assert pointers(patch(auth, person, name="New", **{fields[0]: everything[fields[0]]})) == [f"/{fields[0]}"]
    assert read(auth, person)["name"] == person.name


REFUSED: dict[Role, dict[str, list[Any]]] = {
    Role.PATIENT: {
        "name": ["", "  ", None, 7, "x" * 201, "two\nlines", "nul\0"],
        "birthDate": ["", "946684800", 946684800, "1990-2-1", "1990-02-30", "\uff11990-02-01", "0000-01-01", True],
        "phone": ["", "2025550123", "+1", "+1202555012", "+1 800 FLOWERS", 12025550123, "+999123456789", "+" * 41],
        "timeZone": ["", "Europe/Atlantis", "CEST", "+02:00", None, "../etc/passwd", "Factory", "posix/UTC", "Europe"],
        "language": ["", "e", "english", "en_US", "en-", None, "en-USA-x", "de-" * 20],
        "country": ["", "USA", "ZZ", "XK", "U", 1],
        "about": ["x" * 4001, "bell\a", "nul\0", 7, ["x"]],
        "emergencyContact": ["my sister", [], 1],
        **{field: ["x"] for field in ("email", "role", "id", "completedAt", "credentials", "licenceNumber")},
    },
    Role.THERAPIST: {
        "bio": ["x" * 4001, None, 7, "bell\a", "nul\0"],
        "specialties": ["Anxiety", None, ["x"] * 21, {}],
        "languages": ["de", None, ["de"] * 21],
        "acceptsNewPatients": [None, "true", 1, []],
        **{field: ["x"] for field in ("credentials", "licenceNumber", "credentialsStatus", "sessionMinutes")},
    },
}
REFUSED_INSIDE: list[tuple[Role, str, Any, str]] = [
    (Role.PATIENT, "birthDate", "1990-02-01T00:00:00Z", ""),
    (Role.PATIENT, "phone", "+12025550123 ext. 5", ""),
    (Role.PATIENT, "emergencyContact", CONTACT | {"phone": "soon"}, "/phone"),
    (Role.PATIENT, "emergencyContact", CONTACT | {"name": ""}, "/name"),
    (Role.PATIENT, "emergencyContact", CONTACT | {"relationship": "x" * 101}, "/relationship"),
    (Role.PATIENT, "emergencyContact", CONTACT | {"relationship": "nul\0"}, "/relationship"),
    (Role.PATIENT, "emergencyContact", CONTACT | {"address": "here"}, "/address"),
    *((Role.THERAPIST, "specialties", [value], "/0") for value in ("", " ", "x" * 101, "a\nb", "nul\0")),
    (Role.THERAPIST, "specialties", ["Sleep", None], "/1"),
    (Role.THERAPIST, "specialties", [7], "/0"),
    (Role.THERAPIST, "languages", ["de", "german"], "/1"),
]


@pytest.mark.parametrize(
    ("role", "field", "value", "inside"),
    [
        *((role, field, value, "") for role in REFUSED for field in REFUSED[role] for value in REFUSED[role][field]),
        *REFUSED_INSIDE,
    ],
)
def test_what_cannot_be_accepted_is_named_and_nothing_changes(
    auth: FlaskClient, role: Role, field: str, value: object, inside: str
) -> None:
    person = add_person(role)
    before = read(auth, person)
    answer = patch(auth, person, **({"name": "Somebody Else"} | {field: value}))
    assert pointers(answer) == [f"/{field}{inside}"]
    assert read(auth, person) == before


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"name": "\\ud800"}', 400),
        (b'{"about": "\\udc00\\ud800"}', 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "x"', 400),
        (b"", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'{"a\\u0000b": 1}', 422),
    ],
)
def test_what_is_no_object_of_text_is_refused(auth: FlaskClient, raw: bytes, status: int) -> None:
    headers = add_person().bearer | {"Content-Type": "application/json"}
    answer = auth.patch(PROFILE, data=raw, headers=headers)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("phone", " +1 (202) 555-0123 ", "+12025550123"),
        ("phone", "+49 30.901820", "+4930901820"),
        ("language", "PT-br", "pt-BR"),
        ("language", "ZH-hant-tw", "zh-Hant-TW"),
        ("language", "DE-1996", "de-1996"),
        ("country", " gb ", "GB"),
        ("timeZone", "UTC", "UTC"),
        ("timeZone", "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("about", "  line\nbreak\ttab  ", "line\nbreak\ttab"),
        ("name", "  Zoë O'Brien-李 ", "Zoë O'Brien-李"),
    ],
)
def test_what_can_be_written_in_several_ways_is_kept_in_one(
    auth: FlaskClient, field: str, given: str, kept: str
) -> None:
    person = add_person()
    assert patch(auth, person, **{field: given}).get_json()[field] == kept
    assert patch(auth, person, **{field: kept}).get_json()[field] == kept


def test_what_is_named_twice_is_kept_once(auth: FlaskClient) -> None:
    person = add_person(Role.THERAPIST)
    shown = patch(auth, person, specialties=["Sleep", "anxiety", "Anxiety ", "SLEEP"], languages=["EN", "de", "en"])
    assert shown.get_json()["specialties"] == ["Sleep", "anxiety"]
    assert shown.get_json()["languages"] == ["en", "de"]


TODAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "status"),
    [
        ("2026-03-02", 422),
        ("2026-03-01", 422),
        ("2008-03-02", 422),
        ("2008-03-01", 200),
        ("2008-02-29", 200),
        ("1905-03-02", 200),
        ("1905-03-01", 422),
        ("0001-01-01", 422),
    ],
)
def test_a_patient_is_of_age_and_not_older_than_anybody(auth: FlaskClient, born: str, status: int) -> None:
    with held_at(lambda: TODAY):
        assert patch(auth, add_person(), birthDate=born).status_code == status


def test_who_was_born_on_a_leap_day_is_of_age_in_march(auth: FlaskClient) -> None:
    with held_at(lambda: datetime(2026, 2, 28, 23, tzinfo=UTC)):
        assert pointers(patch(auth, add_person(), birthDate="2008-02-29")) == ["/birthDate"]


def test_how_young_a_patient_may_be_is_a_setting(auth: FlaskClient, environment: Any) -> None:
    born = f"{now().year - 14}-01-01"
    answer = patch(auth, add_person(), birthDate=born)
    assert answer.get_json()["errors"] == [{"pointer": "/birthDate", "detail": "must be at least 18 years ago"}]
    environment(minimum_age_years="13")
    assert patch(auth, add_person(), birthDate=born).status_code == 200


def test_a_birth_date_stands_though_the_setting_rises(auth: FlaskClient, environment: Any) -> None:
    person = add_person()
    patch(auth, person, birthDate="2000-01-01")
    environment(minimum_age_years="99")
    assert read(auth, person)["birthDate"] == "2000-01-01"


def test_a_number_stands_though_it_would_no_longer_be_accepted(auth: FlaskClient) -> None:
    """Numbering plans change; what was valid once must not make a profile unreadable."""
    person = add_person()
    keep_phone(person, "+15550100")
    shown = read(auth, person)
    assert shown["phone"] == "+15550100"
    assert shown["emergencyContact"]["phone"] == "+15550101"


@transaction
def keep_phone(db: Any, person: Person, phone: str) -> None:
    profile = db.get_one(PatientProfile, person.id)
    profile.phone = seal(KeyRing.CLINICAL, phone, "patient_profile", "phone", person.id)
    contact = '{"name": "I", "phone": "+15550101", "relationship": "r"}'
    profile.emergency_contact = seal(KeyRing.CLINICAL, contact, "patient_profile", "emergency_contact", person.id)


def test_a_profile_is_complete_once_and_says_since_when(auth: FlaskClient) -> None:
    person = add_person()
    percents = []
    for field in ("country", "phone", "birthDate", "emergencyContact"):
        assert read(auth, person)["completedAt"] is None
        percents.append(patch(auth, person, **{field: TOLD[field]}).get_json()["completeness"]["percent"])
    assert percents == [40, 60, 80, 100]
    completed_at = read(auth, person)["completedAt"]
    assert completed_at.endswith("Z")
    shown = patch(auth, person, phone=None).get_json()
    assert (shown["completeness"]["complete"], shown["completedAt"]) == (False, completed_at)
    assert patch(auth, person, phone="+12025550123").get_json()["completedAt"] == completed_at


def test_what_a_patient_tells_is_sealed_in_every_column_but_the_country(auth: FlaskClient) -> None:
    person = add_person()
    marked = TOLD | {"about": "zebra-quince", "emergencyContact": CONTACT | {"name": "Zorro Lemur"}}
    patch(auth, person, **marked)
    with engine().connect() as connection:
        row = connection.execute(select(PatientProfile.__table__)).mappings().one()
    assert row["country"] == "US"
    kept = b"".join(bytes(row[column]) for column in ("date_of_birth", "phone", "emergency_contact", "about"))
    for word in (b"1990", b"2025550", b"Zorro", b"sister", b"zebra"):
        assert word not in kept


def test_a_sealed_field_does_not_open_in_another_persons_row(auth: FlaskClient) -> None:
    one, other = add_person(), add_person()
    patch(auth, one, about="mine")
    copy_about(one, other)
    assert As(auth, other).get(PROFILE).status_code == 500
    assert read(auth, one)["about"] == "mine"


@transaction
def copy_about(db: Any, one: Person, other: Person) -> None:
    db.get_one(PatientProfile, other.id).about = db.get_one(PatientProfile, one.id).about


def test_a_change_is_audited_by_the_names_of_its_fields_and_a_look_is_not(auth: FlaskClient) -> None:
    person = add_person()
    read(auth, person)
    patch(auth, person, name=person.name, about="zebra-quince", emergencyContact=CONTACT, country="US")
    patch(auth, person, about="zebra-quince", country="us")
    patch(auth, person)
    [entry] = rows(select(AuditEvent).where(AuditEvent.subject_id == person.id))
    assert (entry.action, entry.outcome, entry.actor_id) == ("profile.changed", AuditOutcome.SUCCESS, person.id)
    assert entry.details == {"fields": ["about", "country", "emergencyContact"]}


def test_a_refused_change_leaves_nothing_in_the_trail(auth: FlaskClient) -> None:
    person = add_person(Role.THERAPIST, licence=None)
    patch(auth, person, about="x")
    patch(auth, person, acceptsNewPatients=True)
    assert rows(select(AuditEvent)) == []
    assert rows(select(TherapistProfile)) == []


@pytest.mark.parametrize("licence", [None, *CredentialsStatus, "expired"])
def test_new_patients_wait_for_a_verified_licence(auth: FlaskClient, licence: CredentialsStatus | str | None) -> None:
    expired = date(2020, 1, 1)
    status = CredentialsStatus.VERIFIED if licence == "expired" else licence
    person = add_person(Role.THERAPIST, licence=status)  # type: ignore[arg-type]
    if licence == "expired":
        change_licence(person, CredentialsStatus.VERIFIED, expired)
    answer = patch(auth, person, acceptsNewPatients=True, bio="Here I am")
    if licence is CredentialsStatus.VERIFIED:
        assert answer.get_json()["acceptsNewPatients"] is True
    else:
        assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:bloom:problem:licence-awaited")
        assert read(auth, person)["bio"] == ""
        assert patch(auth, person, acceptsNewPatients=False, bio="Here I am").status_code == 200


def test_a_therapist_whose_licence_lapsed_can_still_change_the_rest(auth: FlaskClient) -> None:
    person = add_person(Role.THERAPIST)
    patch(auth, person, **OFFERED)
    change_licence(person, CredentialsStatus.VERIFIED, date(2020, 1, 1))
    shown = patch(auth, person, **OFFERED | {"bio": "Back soon"}).get_json()
    assert (shown["bio"], shown["credentials"]["inForce"], shown["acceptsNewPatients"]) == ("Back soon", False, True)
    assert patch(auth, person, acceptsNewPatients=False).get_json()["acceptsNewPatients"] is False


def test_a_rejected_licence_makes_a_profile_incomplete_again(auth: FlaskClient) -> None:
    person = add_person(Role.THERAPIST)
    assert patch(auth, person, **OFFERED).get_json()["completeness"]["complete"]
    change_licence(person, CredentialsStatus.REJECTED)
    assert read(auth, person)["completeness"] == {"complete": False, "missing": ["credentials"], "percent": 80}


def test_two_first_changes_at_once_both_count(auth: FlaskClient) -> None:
    person = add_person()
    forget_profile(person)
    changes = [{"country": "DE"}, {"about": "hello"}, {"phone": "+12025550123"}, {"timeZone": "Europe/Paris"}]
    clients = [(As(function_client("auth"), person), change) for change in changes]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one[0].patch(PROFILE, one[1]), clients))
    assert [answer.status_code for answer in answers] == [200] * 4
    shown = read(auth, person)
    assert {field: shown[field] for change in changes for field in change} == {
        field: value for change in changes for field, value in change.items()
    }


def test_a_name_is_the_accounts_and_shown_wherever_it_is(auth: FlaskClient) -> None:
    person = add_person()
    patch(auth, person, name="Nia Newname", language="fr-CA", timeZone="America/Toronto")
    assert As(auth, person).get("/api/auth/session").get_json()["user"]["name"] == "Nia Newname"
    [user] = rows(select(User).where(User.id == person.id))
    assert (user.name, user.language, user.time_zone) == ("Nia Newname", "fr-CA", "America/Toronto")


def test_a_profile_is_nobody_elses(auth: FlaskClient) -> None:
    one, other = add_person(), add_person()
    patch(auth, one, **TOLD)
    assert read(auth, other)["about"] is None
    assert As(auth, other).get(PROFILE, userId=one.id).get_json()["id"] == str(other.id)


def test_a_profile_is_read_and_changed_without_redis(auth: FlaskClient, product: LocalCloud) -> None:
    person = add_person()
    product.stop_part("redis")
    try:
        assert patch(auth, person, country="NZ").get_json()["country"] == "NZ"
    finally:
        product.start_part("redis")


@settings(max_examples=sized(15, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(max_size=210),
            "about": st.none() | st.text(max_size=80),
            "country": st.none() | st.text(max_size=4) | st.sampled_from(["de", "US", "FR"]),
            "language": st.text(max_size=12) | st.sampled_from(["en", "pt-br"]),
            "phone": st.none() | st.text("+0123456789 ()-", max_size=16) | st.just("+12025550123"),
            "birthDate": st.none() | st.dates().map(str) | st.text(max_size=10),
            "timeZone": st.text(max_size=12) | st.sampled_from(["UTC", "Asia/Tokyo"]),
            "emergencyContact": st.none() | st.just(CONTACT) | st.dictionaries(st.text(max_size=5), st.text()),
        },
    )
)
def test_any_change_is_kept_as_it_is_shown_or_refused_by_field(auth: FlaskClient, changes: dict[str, Any]) -> None:
    person = add_person()
    before = read(auth, person)
    answer = patch(auth, person, **changes)
    shown = read(auth, person)
    if answer.status_code == 200:
        assert shown == answer.get_json()
        untouched = set(before) - set(changes) - {"completeness", "completedAt"}
        assert {field: shown[field] for field in untouched} == {field: before[field] for field in untouched}
        again = patch(auth, person, **{field: shown[field] for field in changes})
        assert again.get_json() == shown
    else:
        assert {pointer.split("/")[1].replace("~1", "/") for pointer in pointers(answer)} <= set(changes)
        assert shown == before
