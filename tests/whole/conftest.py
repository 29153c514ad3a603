"""The whole product on this machine, every part a process of its own, once for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from dev.client import Listener, Person
from dev.cloud import LocalCloud
from tests.inside import inside
from tests.people import PASSWORD, add_pair

SETTINGS = {
    "BCRYPT_COST": "4",
    "LIMITS": "send-message=100000/1,read-messages=100000/1,sign-in=100000/1",
    "BLOOM_EVERY_MINUTE_SECONDS": "1",
    "METRICS_ENABLED": "true",
}


@dataclass
class Care:
    """A patient and a therapist who signed in through the gateway, their conversation, the therapist listening."""

    conversation_id: str
    patient: Person
    therapist: Person
    listener: Listener


@pytest.fixture(scope="package")
def whole_cloud() -> Iterator[LocalCloud]:
    """Every part, with a sweep every second: it ends with the folder's last test, since all of it costs something."""
    with LocalCloud(settings=SETTINGS) as running:
        yield running


@pytest.fixture
def cloud(whole_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """Every part up, and this process looking into its database."""
    whole_cloud.wait_until_up()
    with inside(whole_cloud):
        yield whole_cloud


@pytest.fixture
async def care(cloud: LocalCloud) -> AsyncIterator[Care]:
    """New people, so that no test hears of another's messages."""
    pair = add_pair(country="US")
    patient = await Person.sign_in(cloud.origin, pair.patient.email, PASSWORD)
    therapist = await Person.sign_in(cloud.origin, pair.therapist.email, PASSWORD)
    listener = Listener(therapist)
    await listener.open(str(pair.conversation_id))
    yield Care(str(pair.conversation_id), patient, therapist, listener)
    await listener.close()
    await patient.close()
    await therapist.close()
