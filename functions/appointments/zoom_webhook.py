"""POST /api/webhooks/zoom: what Zoom tells of meetings is checked, kept and answered; what follows comes later.

https://developers.zoom.us/docs/api/webhooks/
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared import outbox
from shared.clock import now
from shared.contract import Schema
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.http.schema import RawRequest
from shared.problems import Malformed, NotFound, NotSignedIn
from shared.roles import anyone
from shared.settings import settings
from shared.telemetry import log

from . import zoom_notices
from .attendance import Kind
from .zoom_notices import KeptNotice, KeptParticipant

routes = Routes()

WINDOW: Final = timedelta(minutes=5)
URL_VALIDATION: Final = "endpoint.url_validation"
KINDS: Final = {
    "meeting.started": Kind.STARTED,
    "meeting.ended": Kind.ENDED,
    "meeting.participant_joined": Kind.JOINED,
    "meeting.participant_left": Kind.LEFT,
    "meeting.participant_joined_waiting_room": Kind.WAITED,
    "meeting.participant_left_waiting_room": Kind.WAITED,
    "meeting.participant_jbh_waiting": Kind.WAITED,
    "meeting.participant_jbh_waiting_left": Kind.WAITED,
}
"""What is listened to; whatever else Zoom tells is passed over."""
TOLD_OF_SOMEBODY: Final = frozenset({Kind.JOINED, Kind.LEFT, Kind.WAITED})
# Zoom waits for three seconds; what Pub/Sub does not take in this time, the sweeper hands over.
SECONDS_FOR_PUBSUB: Final = 0.06


class NoZoomWebhooks(NotFound):
    """No event subscription of ours is registered at Zoom."""

    title = "Notices of Zoom are not taken here"


class SignatureRefused(NotSignedIn):
    """It is not signed with the secret of our subscription, or was signed at another time."""

    title = "This is not signed as Zoom signs its notices"


class UrlProof(Schema):
    """Zoom's challenge, and the proof that we hold the secret."""

    plain_token: str
    encrypted_token: str


def _known(text: object) -> object:
    return text or None


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the calendar") from None


class _Said(BaseModel):
    """What Zoom says: what is not needed is passed over, and no value is repeated in an error."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True, frozen=True)


Said = TypeVar("Said", bound=_Said)
Text = Annotated[Annotated[str, Field(max_length=400)] | None, BeforeValidator(_known)]
Time = Annotated[Annotated[datetime, AfterValidator(_in_utc)] | None, BeforeValidator(_known)]


class Participant(_Said):
    """Somebody in a meeting, without what they are called."""

    id: Text = None
    """Of their account at Zoom, where they are signed in there."""
    user_id: Text = None
    participant_uuid: Text = None
    registrant_id: Text = None
    customer_key: Text = None
    join_time: Time = None
    leave_time: Time = None
    date_time: Time = None


class Meeting(_Said):
    """The meeting that a notice is about."""

    id: str = Field(pattern=r"^\d{1,20}$")
    uuid: str = Field(min_length=1, max_length=400)
    host_id: Text = None
    end_time: Time = None
    participant: Participant | None = None


class About(_Said):
    """The payload of a notice of a meeting."""

    object: Meeting


class Challenge(_Said):
    """The payload of a validation."""

    plainToken: str = Field(min_length=1, max_length=1000)  # noqa: N815 - as Zoom writes it


class Notice(_Said):
    """What every notice has."""

    event: str = Field(max_length=200)
    event_ts: int = Field(ge=0, lt=10**13)
    """Milliseconds since 1970."""
    payload: dict[str, Any]


@routes.endpoint("POST /api/webhooks/zoom", allow=anyone, limit=Limit("zoom-webhook", 6000, per=60, by="address"))
def take_zoom_notice(raw: RawRequest) -> UrlProof | None:
    """Take what Zoom tells of a meeting, once; prove that this address is ours, where it asks."""
    secret = settings().zoom_webhook_secret
    if not secret:
        raise NoZoomWebhooks
    require_signature(raw, secret)
    told = _read(Notice, raw.body)
    if told.event == URL_VALIDATION:
        return proof_of(_read(Challenge, told.payload).plainToken, secret)
    if told.event in KINDS:
        _take(told, _read(About, told.payload).object)
    return None


def require_signature(raw: RawRequest, secret: str) -> None:
    """Check that Zoom signed these very bytes within the last minutes. Raises SignatureRefused."""
    timestamp, given = raw.headers.get("x-zm-request-timestamp", ""), raw.headers.get("x-zm-signature", "")
    expected = "v0=" + _digest(secret, b"v0:" + timestamp.encode() + b":" + raw.body)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise _refused("signature")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise _refused("timestamp")
    if abs(now().timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise _refused("age")


def proof_of(plain_token: str, secret: str) -> UrlProof:
    """The answer to `endpoint.url_validation`."""
    return UrlProof(plain_token=plain_token, encrypted_token=_digest(secret, plain_token.encode()))


def _refused(reason: str) -> SignatureRefused:
    log("zoom-notice-refused", severity="WARNING", reason=reason)
    return SignatureRefused()


def _digest(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _read(model: type[Said], content: bytes | dict[str, Any]) -> Said:
    try:
        return model.model_validate_json(content) if isinstance(content, bytes) else model.model_validate(content)
    except ValidationError:
        raise Malformed("This is not a notice as Zoom writes it.") from None


def _take(told: Notice, meeting: Meeting) -> None:
    kind = KINDS[told.event]
    if kind in TOLD_OF_SOMEBODY and meeting.participant is None:
        raise Malformed("The notice names no participant.")
    if not zoom_notices.is_ours(meeting.id):
        return
    event = zoom_notices.keep(meeting.id, told.event, _name_of(told, meeting), _kept(kind, told, meeting))
    if event is not None:
        outbox.hand_over(event, within=SECONDS_FOR_PUBSUB)


def _name_of(told: Notice, meeting: Meeting) -> str:
    """What makes a repeat the same notice."""
    somebody = meeting.participant
    who = [somebody.participant_uuid, somebody.user_id, somebody.id] if somebody else []
    return hashlib.sha256(json.dumps([told.event, told.event_ts, meeting.uuid, *who]).encode()).hexdigest()


def _kept(kind: Kind, told: Notice, meeting: Meeting) -> KeptNotice:
    """What is kept of it."""
    told_at = datetime.fromtimestamp(told.event_ts / 1000, UTC)
    somebody = meeting.participant
    if kind not in TOLD_OF_SOMEBODY or somebody is None:
        at = meeting.end_time if kind is Kind.ENDED else None
        return KeptNotice(kind=kind, at=at or told_at, told_at=told.event_ts, instance=meeting.uuid, participant=None)
    at = {Kind.JOINED: somebody.join_time, Kind.LEFT: somebody.leave_time}.get(kind, somebody.date_time)
    return KeptNotice(
        kind=kind,
        at=at or told_at,
        told_at=told.event_ts,
        instance=meeting.uuid,
        participant=KeptParticipant(
            is_host=somebody.id is not None and somebody.id == meeting.host_id,
            registrant_id=somebody.registrant_id,
            customer_key=somebody.customer_key,
            device=somebody.participant_uuid or somebody.user_id or somebody.id or "",
        ),
    )
