"""How a client sends a file and gets one: links of the function, and the bucket that they lead to."""

import hashlib
import json
from typing import Any
from uuid import UUID

import httpx
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from dev.environment import BUCKET
from shared.database.models.files import FileAsset
from tests.functions.messages.file_samples import png
from tests.people import As, rows

PNG = png()


def announce(asking: As, content: bytes = PNG, content_type: str = "image/png", **more: object) -> TestResponse:
    """POST /api/files."""
    about = {"contentType": content_type, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return asking.post("/api/files", about | more)


def put(announced: dict[str, Any], content: bytes = PNG, content_type: str = "") -> httpx.Response:
    """What a browser does with the answer."""
    headers = announced["headers"] | ({"Content-Type": content_type} if content_type else {})
    with httpx.Client(verify=False) as client:
        return client.put(announced["uploadUrl"], content=content, headers=headers)


def begin(asking: As, content: bytes = PNG, content_type: str = "image/png", **more: object) -> str:
    """A file that lies in the bucket and is not completed; its id."""
    announced = announce(asking, content, content_type, **more).get_json()
    assert put(announced, content).status_code == 200
    return str(announced["file"]["id"])


def complete(asking: As, file_id: str) -> TestResponse:
    """POST /api/files/{id}/complete."""
    return asking.post(f"/api/files/{file_id}/complete")


def upload(asking: As, content: bytes = PNG, content_type: str = "image/png", **more: object) -> str:
    """A file that was announced, uploaded and completed; its id."""
    file_id = begin(asking, content, content_type, **more)
    answer = complete(asking, file_id)
    assert answer.status_code == 200, answer.get_json()
    return file_id


def read(asking: As, file_id: str) -> TestResponse:
    """GET /api/files/{id}."""
    return asking.get(f"/api/files/{file_id}")


def download(asking: As, file_id: str) -> httpx.Response:
    """The content, as a browser gets it."""
    with httpx.Client(verify=False) as client:
        return client.get(read(asking, file_id).get_json()["downloadUrl"])


def send(asking: As, conversation_id: UUID, *file_ids: str, **more: object) -> TestResponse:
    """POST /api/messages with files."""
    message = {"conversationId": str(conversation_id), "body": "see here", "attachmentIds": list(file_ids)}
    return asking.post("/api/messages", message | more)


def row_of(file_id: str) -> FileAsset:
    """What the database holds of a file."""
    [row] = rows(select(FileAsset).where(FileAsset.id == UUID(file_id)))
    return row


def bucket_of(storage: LocalCloud) -> Any:
    """The bucket, by Google's client."""
    options = {"api_endpoint": storage.url("storage")}
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return Client("local", nobody, client_options=options).bucket(BUCKET)


def objects_in(storage: LocalCloud) -> dict[str, bytes]:
    """What lies in the bucket, by name."""
    return {blob.name: blob.download_as_bytes() for blob in bucket_of(storage).list_blobs()}


def as_text(answer: TestResponse) -> str:
    """A whole answer, to look for a word in."""
    return json.dumps([answer.get_json(), dict(answer.headers)])
