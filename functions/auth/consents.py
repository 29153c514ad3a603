"""GET and PUT /api/user/consents: what somebody agreed to, in which version, and what they withdrew."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.consents import Consent, ConsentKind
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, FieldFault, Unprocessable
from shared.roles import Role, signed_in
from shared.session import Caller

from .profile_fields import unchanged

routes = Routes()

CURRENT_VERSIONS: Final = {
    ConsentKind.TERMS: "1",
    ConsentKind.TELEHEALTH: "1",
    ConsentKind.MESSAGE_ANALYSIS: "1",
    ConsentKind.TRAINING: "1",
}
"""The version of each text that is shown now. A new one is agreed to anew; until then the earlier agreement stands."""
ASKED_OF_STAFF: Final = frozenset({ConsentKind.TERMS})
"""The other texts are about what is done with a patient's own data."""
LASTING: Final = frozenset({ConsentKind.TERMS})
"""An account cannot be without it: it ends with the account."""


class TermsLast(Conflict):
    """Whoever no longer agrees to the terms has the account erased: DELETE /api/user."""

    title = "The terms can only be withdrawn by closing the account"


class Decision(Schema):
    """Whether somebody agrees, and to which version of the text: the one that is shown now."""

    given: bool
    version: Annotated[str, Field(min_length=1, max_length=20)] | None = None


class Decisions(Schema):
    """What somebody decides now; what is left out stays as it is."""

    terms: Decision = unchanged()
    telehealth: Decision = unchanged()
    message_analysis: Decision = unchanged()
    training: Decision = unchanged()

    def by_kind(self) -> dict[ConsentKind, Decision]:
        """Those that were given."""
        return {ConsentKind(kind): getattr(self, kind) for kind in sorted(self.model_fields_set)}


class ShownConsent(Schema):
    """Where one consent stands. `version` is the one agreed to last, `currentVersion` the one to agree to."""

    given: bool
    version: str | None = None
    given_at: datetime | None = None
    withdrawn_at: datetime | None = None
    current_version: str
    withdrawable: bool


class Consents(Schema):
    """All of them; staff are asked for the terms alone."""

    terms: ShownConsent
    telehealth: ShownConsent | None = None
    message_analysis: ShownConsent | None = None
    training: ShownConsent | None = None


@routes.endpoint("GET /api/user/consents", allow=signed_in, limit=Limit("read-consents", 120, per=60))
def read_consents(caller: Caller) -> Consents:
    """What the caller agreed to; everything is off until they do."""
    return consents_of(caller)


@routes.endpoint("PUT /api/user/consents", allow=signed_in, limit=Limit("change-consents", 30, per=60))
def change_consents(caller: Caller, decisions: Decisions) -> Consents:
    """Agree or withdraw, each on its own; what is withdrawn holds from the next message on."""
    _refuse(caller, decisions.by_kind())
    return keep_decisions(caller, decisions.by_kind())


@transaction
def consents_of(db: Database, caller: Caller) -> Consents:
    """Read where each stands."""
    return _shown(db, caller)


@transaction(tries=8)
def keep_decisions(db: Database, caller: Caller, decisions: dict[ConsentKind, Decision]) -> Consents:
    """End what no longer stands and begin what does; rows are never changed otherwise, and so are the history.

    Two at once read the same rows: the database has one of them try again.
    """
    standing = {consent.kind: consent for consent in _latest(db, caller).values() if consent.withdrawn_at is None}
    for kind, decision in decisions.items():
        found = standing.get(kind)
        if decision.given and (found is None or found.document_version != CURRENT_VERSIONS[kind]):
            _end(db, found)
            _begin(db, caller, kind)
        elif found is not None and not decision.given:
            _end(db, found)
            audit.record(db, Action.CONSENT_WITHDRAWN, subject_id=caller.user_id, details=_said(found))
    return _shown(db, caller)


def _refuse(caller: Caller, decisions: dict[ConsentKind, Decision]) -> None:
    faults = [fault for kind, decision in decisions.items() if (fault := _fault(caller, kind, decision))]
    if faults:
        raise Unprocessable(errors=faults)
    if any(kind in LASTING and not decision.given for kind, decision in decisions.items()):
        raise TermsLast


def _fault(caller: Caller, kind: ConsentKind, decision: Decision) -> FieldFault | None:
    place = f"/{to_camel(kind)}"
    if kind not in _asked_of(caller):
        return FieldFault(place, "is asked of patients alone")
    if decision.given and decision.version != CURRENT_VERSIONS[kind]:
        return FieldFault(f"{place}/version", f"must be the version that is shown now, {CURRENT_VERSIONS[kind]}")
    return None


def _asked_of(caller: Caller) -> frozenset[ConsentKind]:
    return frozenset(ConsentKind) if caller.role is Role.PATIENT else ASKED_OF_STAFF


def _end(db: Database, consent: Consent | None) -> None:
    """Written at once: two rows of a kind must not stand for a moment."""
    if consent is not None:
        consent.withdrawn_at = max(now(), consent.given_at)
        db.flush()


def _begin(db: Database, caller: Caller, kind: ConsentKind) -> None:
    consent = Consent(
        user_id=caller.user_id, kind=kind, document_version=CURRENT_VERSIONS[kind], given_at=now(), withdrawn_at=None
    )
    db.add(consent)
    db.flush()
    audit.record(db, Action.CONSENT_GIVEN, subject_id=caller.user_id, details=_said(consent))


def _said(consent: Consent) -> dict[str, str]:
    return {"kind": consent.kind.value, "version": consent.document_version}


def _latest(db: Database, caller: Caller) -> dict[ConsentKind, Consent]:
    """The newest row of each kind; one that stands is the newest of its kind."""
    rows = db.scalars(select(Consent).where(Consent.user_id == caller.user_id)).all()
    return {row.kind: row for row in sorted(rows, key=lambda row: (row.given_at, row.withdrawn_at is None))}


def _shown(db: Database, caller: Caller) -> Consents:
    latest = _latest(db, caller)
    shown = {kind.value: _one(kind, latest.get(kind)) for kind in _asked_of(caller)}
    return Consents(**shown)


def _one(kind: ConsentKind, consent: Consent | None) -> ShownConsent:
    described = {"current_version": CURRENT_VERSIONS[kind], "withdrawable": kind not in LASTING}
    if consent is None:
        return ShownConsent(given=False, **described)
    return ShownConsent(
        given=consent.withdrawn_at is None,
        version=consent.document_version,
        given_at=consent.given_at,
        withdrawn_at=consent.withdrawn_at,
        **described,
    )
