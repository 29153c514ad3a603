"""Coverage lets a therapist into one conversation for a while: by every loader, and not a moment longer."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import access
from shared.access import LicenceNotVerified
from shared.audit_actions import Action
from shared.clock import held_at, now
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import ConversationMember
from shared.database.models.profiles import CredentialsStatus
from shared.database.transaction import transaction
from shared.problems import NotFound
from shared.roles import Role
from shared.session import Caller
from tests.people import Pair, Person, add_care, add_pair, add_person, change_licence, end_care

LASTS = timedelta(hours=24)


@pytest.fixture
def pair(product: LocalCloud) -> Pair:
    """A patient in care of a therapist."""
    return add_pair()


@pytest.fixture
def colleague(pair: Pair) -> Person:
    """Who covers for the therapist from now on."""
    person = add_person(Role.THERAPIST)
    cover(pair, person)
    return person


@transaction
def cover(db: Database, pair: Pair, colleague: Person, *, member: bool = True) -> None:
    db.add(
        CareRelationship(
            patient_id=pair.patient.id,
            therapist_id=colleague.id,
            kind=CareKind.COVERAGE,
            status=CareStatus.ACCEPTED,
            accepted_at=now(),
            expires_at=now() + LASTS,
            alert_id=uuid.uuid4(),
        )
    )
    if member:
        db.add(ConversationMember(conversation_id=pair.conversation_id, user_id=colleague.id))


def caller(person: Person) -> Caller:
    return Caller(person.id, person.role, uuid.uuid4())


@transaction
def one(db: Database, person: Person, pair: Pair) -> access.Membership:
    return access.conversation(db, caller(person), pair.conversation_id, action=Action.MESSAGES_READ)


@transaction
def listed(db: Database, person: Person) -> list[uuid.UUID]:
    found = access.conversations(db, caller(person), action=Action.CONVERSATIONS_LISTED, before=None, limit=9)
    return [membership.conversation_id for membership in found]


@transaction
def may_write(db: Database, person: Person, pair: Pair) -> bool:
    return access.open_conversation(db, caller(person), pair.conversation_id, action=Action.MESSAGE_SENT).is_open


@transaction
def stands(db: Database, person: Person, pair: Pair) -> bool:
    return bool(access.seats_that_stand(db, [(pair.conversation_id, person.id)]))


@transaction
def followed(db: Database, person: Person) -> list[uuid.UUID]:
    return list(db.scalars(access.followed_by(person.id)))


@transaction
def covering(db: Database, pair: Pair) -> tuple[uuid.UUID, ...]:
    return access.covering(db, pair.conversation_id)


@transaction
def own_care(db: Database, person: Person, pair: Pair) -> CareRelationship:
    return access.accepted_care(db, caller(person), pair.patient.id, action=Action.CONVERSATION_OPENED)


def test_every_loader_honours_it(pair: Pair, colleague: Person) -> None:
    membership = one(colleague, pair)
    assert (membership.patient_id, membership.clinician_id) == (pair.patient.id, pair.therapist.id)
    assert listed(colleague) == followed(colleague) == [pair.conversation_id]
    assert may_write(colleague, pair)
    assert stands(colleague, pair)
    assert covering(pair) == (colleague.id,)


def test_the_therapist_and_the_patient_go_on_as_before(pair: Pair, colleague: Person) -> None:
    for person in (pair.therapist, pair.patient):
        assert listed(person) == [pair.conversation_id]
        assert one(person, pair).clinician_id == pair.therapist.id
    assert stands(pair.therapist, pair)


@pytest.mark.parametrize(("later", "lets_in"), [(LASTS - timedelta(seconds=1), True), (LASTS, False)])
def test_it_ends_at_its_time_whatever_the_row_says(
    pair: Pair, colleague: Person, later: timedelta, lets_in: bool
) -> None:
    moment = now() + later
    with held_at(lambda: moment):
        assert stands(colleague, pair) is lets_in
        assert bool(covering(pair)) is lets_in
        assert bool(followed(colleague)) is lets_in
        assert bool(listed(colleague)) is lets_in
        if not lets_in:
            for refused in (one, may_write):
                with pytest.raises(NotFound):
                    refused(colleague, pair)


@pytest.mark.parametrize("change", ["ended", "left", "another patient's", "requested"])
def test_without_all_of_it_nobody_is_let_in(pair: Pair, change: str) -> None:
    person = add_person(Role.THERAPIST)
    if change == "another patient's":
        cover(add_pair(), person)
        _join(pair, person)
    else:
        cover(pair, person, member=change != "left")
        _change(person, change)
    assert not stands(person, pair)
    with pytest.raises(NotFound):
        one(person, pair)


@transaction
def _join(db: Database, pair: Pair, person: Person) -> None:
    db.add(ConversationMember(conversation_id=pair.conversation_id, user_id=person.id))


@transaction
def _change(db: Database, person: Person, change: str) -> None:
    care = db.query(CareRelationship).filter(CareRelationship.therapist_id == person.id).one()
    if change == "ended":
        care.status, care.ended_at = CareStatus.ENDED, now()
    elif change == "requested":
        care.status = CareStatus.REQUESTED


def test_it_is_for_one_conversation_and_not_for_the_patients_others(pair: Pair, colleague: Person) -> None:
    other = Pair(pair.patient, add_person(Role.THERAPIST), uuid.uuid4())
    other = Pair(pair.patient, other.therapist, add_care(pair.patient, other.therapist))
    assert listed(colleague) == [pair.conversation_id]
    with pytest.raises(NotFound):
        one(colleague, other)


def test_it_asks_for_the_covering_therapists_own_licence(pair: Pair, colleague: Person) -> None:
    change_licence(pair.therapist, CredentialsStatus.PENDING)
    assert one(colleague, pair)
    change_licence(colleague, CredentialsStatus.PENDING)
    assert not stands(colleague, pair)
    with pytest.raises(LicenceNotVerified):
        one(colleague, pair)


@pytest.mark.parametrize("look", [one, may_write])
def test_once_care_has_ended_it_still_lets_read_and_not_write(
    pair: Pair, colleague: Person, look: Callable[..., object]
) -> None:
    end_care(pair)
    if look is one:
        assert one(colleague, pair).is_open is False
    else:
        with pytest.raises(access.ConversationClosed):
            look(colleague, pair)


def test_it_is_no_care_of_ones_own(pair: Pair, colleague: Person) -> None:
    assert own_care(pair.therapist, pair).kind is CareKind.STANDING
    with pytest.raises(NotFound):
        own_care(colleague, pair)
