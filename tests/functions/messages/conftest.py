"""The messages function, a classifier that answers as a test chooses, and a patient in a therapist's care."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls
from tests.functions.messages.inference_stand_in import InferenceStandIn, running
from tests.people import Pair, add_pair

FILE_LIMITS = ("new-file", "complete-file", "read-file", "share-file", "delete-file")


@pytest.fixture
def inference(product: LocalCloud, environment: Callable[..., None]) -> Iterator[InferenceStandIn]:
    """The classifier, which says Stress to everything until it is told otherwise."""
    with running() as stand_in:
        environment(inference_url=stand_in.url)
        yield stand_in


@pytest.fixture
def messages(inference: InferenceStandIn, environment: Callable[..., None]) -> FlaskClient:
    """A client of the messages function, with limits that only their own test meets."""
    generous = (
        *("conversations", "open-conversation", "conversation"),
        *("send-message", "read-messages", "edit-message", "delete-message", "mark-read", "search"),
    )
    environment(limits=",".join(f"{name}=10000/1" for name in generous))
    return function_client("messages")


@pytest.fixture(scope="session")
def storage() -> Iterator[LocalCloud]:
    """Cloud Storage of the worker's own."""
    with LocalCloud(parts={"storage"}) as cloud:
        yield cloud


@pytest.fixture
def files(messages: FlaskClient, storage: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """The messages function with a bucket, and with limits that no test of files meets."""
    generous = (*FILE_LIMITS, "send-message", "read-messages", "delete-message", "edit-message", "conversation")
    names = ("storage_url", "storage_signing_account", "storage_signing_key")
    limits = ",".join(f"{name}=10000/1" for name in generous)
    environment(limits=limits, **{name: storage.settings[name.upper()] for name in names})
    return messages


@pytest.fixture
def internal(product: LocalCloud, messages: FlaskClient) -> InternalCalls:
    """Calls the messages function as Pub/Sub and Cloud Scheduler do."""
    return InternalCalls(messages, product)


@pytest.fixture
def pair(product: LocalCloud) -> Pair:
    """A patient who agreed to the analysis, in care of a therapist."""
    return add_pair()
