"""What people write, are called and sign in with is kept sealed or not at all: nowhere does it stand in the open."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import socketio
from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.mails import Mail, read_mails
from dev.postgres import database_url
from shared.database.engine import build_engine
from shared.database.models.accounts import User
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.profiles import PatientProfile
from shared.database.transaction import transaction
from shared.roles import Role
from tests.inside import inside
from tests.people import Person, add_care, add_person
from tests.waiting import until

BODY = "zebra-quince-7731"
FILE_NAME = "okapi-lovage-6120"
NAME = "Quillon Zabriskie"
EMAIL = "zorro-lemur-4410@people.test"
PASSWORD = "walrus-turnip-9925"
TEXTS = (f"{BODY} and everything is fine", f"{BODY} I want to die", f"{BODY} while the model is away", BODY * 50)
END_OF_COMMANDS = "end of commands"
BEARER = {"X-Session-Transport": "bearer"}


@dataclass
class Traces:
    """Everything that the flow left, by place, and the tokens that were given out."""

    places: dict[str, bytes]
    mail_token: str
    session_token: str

    def showing(self, secret: str) -> set[str]:
        """The places where a secret is to be read, as it is or in one of the usual encodings."""
        forms = _forms(secret)
        return {place for place, content in self.places.items() if any(form in content for form in forms)}


def _forms(secret: str) -> list[bytes]:
    """The text in UTF-8 and UTF-16, in hexadecimal, and in base64 wherever in a longer text it stands."""
    plain = secret.encode()
    inner = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    return [plain, secret.encode("utf-16-le"), plain.hex().encode(), *inner]


@pytest.fixture(scope="module")
def traces(whole_cloud: LocalCloud) -> Iterator[Traces]:
    whole_cloud.wait_until_up()
    with inside(whole_cloud), socket.create_connection(("127.0.0.1", whole_cloud.ports["redis"])) as monitor:
        monitor.sendall(b"MONITOR\r\n")
        mail_token, session_token = _live(whole_cloud)
        yield Traces(_places(whole_cloud, monitor), mail_token, session_token)


def _live(cloud: LocalCloud) -> tuple[str, str]:
    """Sign up, sign in, write, be refused, sign out; the token of the mail and the token of the session."""
    with httpx.Client(base_url=cloud.origin, timeout=20) as client:
        new = {"email": EMAIL, "password": PASSWORD, "name": NAME, "role": "PATIENT"}
        assert client.post("/api/auth/sign-up", json=new).status_code == 202
        token = _mail_to(cloud).links[0].partition("#token=")[2]
        assert client.post("/api/auth/verify-email", json={"token": token}).status_code == 204
        assert client.post("/api/auth/sign-up", json=new).status_code == 202
        wrong = {"email": EMAIL, "password": f"{PASSWORD}!"}
        assert client.post("/api/auth/sign-in", json=wrong).status_code == 401
        signed_in = client.post("/api/auth/sign-in", json=wrong | {"password": PASSWORD}, headers=BEARER).json()
        client.headers["Authorization"] = f"Bearer {signed_in['token']}"
        patient = Person(_user_id(), Role.PATIENT, EMAIL, NAME, signed_in["token"])
        _converse(cloud, client, patient)
        assert client.post("/api/auth/sign-out").status_code == 204
    return token, patient.token


def _mail_to(cloud: LocalCloud) -> Mail:
    mails = until(lambda: [mail for mail in read_mails(cloud.data_dir / "mail") if EMAIL in mail.recipients])
    return mails[0]


@transaction
def _user_id(db: Database) -> Any:
    user_id = db.scalars(select(User.id).where(User.email == EMAIL)).one()
    db.add(PatientProfile(user_id=user_id))
    db.add(Consent(user_id=user_id, kind=ConsentKind.MESSAGE_ANALYSIS, document_version="1"))
    return user_id


def _converse(cloud: LocalCloud, client: httpx.Client, patient: Person) -> None:
    therapist = add_person(Role.THERAPIST)
    add_care(patient, therapist)
    opened = client.post("/api/conversations", json={"participantId": str(therapist.id)}).json()
    asyncio.run(_type(cloud, patient, opened["id"]))
    for number, text in enumerate(TEXTS):
        away = "away" in text
        if away:
            cloud.stop_part("inference")
        message = {"conversationId": opened["id"], "body": text, "clientId": f"c-{number}"}
        assert [client.post("/api/messages", json=message).status_code for _ in range(2)] == [200, 200]
        if away:
            cloud.start_part("inference")
    for wrong in ([BODY], {"text": BODY}, BODY * 1000, f"{BODY}\0"):
        refused = client.post("/api/messages", json={"conversationId": opened["id"], "body": wrong})
        assert refused.status_code == 422
        assert BODY not in refused.text
    _send_file(client, opened["id"])
    _change_and_search(client, opened["id"])
    _wait_until_analysed(cloud, therapist, opened["id"])


def _change_and_search(client: httpx.Client, conversation_id: str) -> None:
    """Edit one message, delete another, and look for what is left."""
    first, second, *_ = client.get("/api/messages", params={"conversationId": conversation_id}).json()["items"]
    edit = {"body": f"{BODY}, to put it otherwise", "version": 1}
    assert client.patch(f"/api/messages/{first['id']}", json=edit).status_code == 200
    assert client.delete(f"/api/messages/{second['id']}").status_code == 200
    found = client.post("/api/messages/search", json={"query": BODY}).json()["items"]
    assert edit["body"] in [message["body"] for message in found]
    assert client.post("/api/messages/search", json={"query": BODY, "limit": BODY}).status_code == 422


def _send_file(client: httpx.Client, conversation_id: str) -> None:
    """Announce, put into the bucket, complete, send with a message, and read."""
    about = {"contentType": "text/plain", "size": 2, "sha256": hashlib.sha256(b"hi").hexdigest()}
    announced = client.post("/api/files", json=about | {"fileName": f"{FILE_NAME}.txt"}).json()
    put = httpx.put(announced["uploadUrl"], content=b"hi", headers=announced["headers"])
    assert put.status_code == 200
    file_id = announced["file"]["id"]
    assert client.post(f"/api/files/{file_id}/complete", json={}).status_code == 200
    message = {"conversationId": conversation_id, "body": BODY, "attachmentIds": [file_id]}
    [sent] = client.post("/api/messages", json=message).json()["message"]["attachments"]
    assert sent["fileName"] == f"{FILE_NAME}.txt"
    assert FILE_NAME not in client.get(f"/api/files/{file_id}").json()["downloadUrl"]


async def _type(cloud: LocalCloud, patient: Person, conversation_id: str) -> None:
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(cloud.origin, auth={"token": patient.token}, transports=["websocket"])
    await client.call("join", {"conversationId": conversation_id})
    await client.emit("typing", {"conversationId": conversation_id})
    await client.call("join", {"conversationId": conversation_id, "afterSeq": 0})
    await client.disconnect()


def _wait_until_analysed(cloud: LocalCloud, therapist: Person, conversation_id: str) -> None:
    query = {"conversationId": conversation_id}

    def all_are() -> bool:
        answer = httpx.get(f"{cloud.origin}/api/messages", params=query, headers=therapist.bearer)
        return all(item["analysis"] for item in answer.json()["items"])

    until(all_are)


def _places(cloud: LocalCloud, monitor: socket.socket) -> dict[str, bytes]:
    return {
        **_columns(cloud),
        **_redis(cloud),
        "redis commands": _heard(cloud, monitor),
        **{f"{path.parent.name}/{path.name}": path.read_bytes() for path in _files(cloud.data_dir)},
        # The files above may hold them in transfer encoding.
        **{
            f"mail/{mail.id} as read": f"{mail.text}{mail.html}".encode()
            for mail in read_mails(cloud.data_dir / "mail")
        },
    }


def _files(folder: Path) -> list[Path]:
    """The logs, the mails, and Pub/Sub's store with what was deleted from it."""
    found = [*folder.glob("logs/*"), *folder.glob("mail/*"), *folder.glob("pubsub.sqlite*")]
    assert len(found) > 15
    return found


def _columns(cloud: LocalCloud) -> dict[str, bytes]:
    admin, tables = build_engine(database_url(cloud.data_dir, "postgres")), MetaData()
    with admin.connect() as connection:
        tables.reflect(connection)
        found = {
            f"{table.name}.{column.name}": b"\n".join(map(_bytes, connection.scalars(select(column))))
            for table in tables.tables.values()
            for column in table.columns
        }
    admin.dispose()
    assert len(found) > 200
    return found


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else str(value).encode()


def _redis(cloud: LocalCloud) -> dict[str, bytes]:
    with redis.Redis.from_url(cloud.settings["REDIS_URL"]) as client:
        keys: list[bytes] = list(client.scan_iter())
        return {f"redis {key.decode()}": key + b" " + (client.dump(key) or b"") for key in keys}


def _heard(cloud: LocalCloud, monitor: socket.socket) -> bytes:
    """Every command up to a last one of our own: the sweeps go on, so that it never falls silent."""
    with redis.Redis.from_url(cloud.settings["REDIS_URL"]) as client:
        client.echo(END_OF_COMMANDS)
    monitor.settimeout(20)
    heard = b""
    while END_OF_COMMANDS.encode() not in heard:
        heard += monitor.recv(1 << 16)
    assert b'"PUBLISH"' in heard
    return heard


def test_what_is_written_is_to_be_read_nowhere(traces: Traces) -> None:
    assert traces.showing(BODY) == set()


def test_what_a_file_is_called_is_to_be_read_nowhere(traces: Traces) -> None:
    assert traces.showing(FILE_NAME) == set()


def test_a_password_is_to_be_read_nowhere(traces: Traces) -> None:
    assert traces.showing(PASSWORD) == set()


def test_a_session_token_is_to_be_read_nowhere(traces: Traces) -> None:
    assert traces.showing(traces.session_token) == set()


def test_a_mailed_token_is_in_its_mail_alone(traces: Traces) -> None:
    assert {place.partition("/")[0] for place in traces.showing(traces.mail_token)} == {"mail"}


def test_a_name_is_in_its_own_column_and_in_mails_alone(traces: Traces) -> None:
    shown = traces.showing(NAME)
    assert {place for place in shown if not place.startswith("mail/")} == {"user.name"}


def test_an_address_is_in_its_own_column_and_in_mails_alone(traces: Traces) -> None:
    shown = traces.showing(EMAIL)
    assert {place for place in shown if not place.startswith("mail/")} == {"user.email"}


def test_the_search_would_find_what_is_there(traces: Traces) -> None:
    assert "user.name" in traces.showing("Zabriskie")
    assert traces.showing("PUBLISH") == {"redis commands"}
    assert "x/y" in Traces({"x/y": b"= " + base64.b64encode(b'{"a": "' + BODY.encode() + b'"}')}, "", "").showing(BODY)
