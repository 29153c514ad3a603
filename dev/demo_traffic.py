"""Patients of the made-up clinic who write all the time, for `make demo-retrain`."""

import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from dev.seed_clinic import RISK, Clinic, Patient, text_about

WRITERS: Final = 3
EVERYDAY: Final = ("Normal", "Anxiety", "Bipolar")


class Traffic:
    """Messages through the front door, as any client sends them."""

    def __init__(self, http: httpx.Client, clinic: Clinic) -> None:
        self._http, self._clinic = http, clinic
        self._stopped = threading.Event()

    def write(self, patient: Patient, body: str) -> None:
        """One message. Raises httpx.HTTPError."""
        message = {"conversationId": str(patient.conversation_id), "body": body, "clientId": str(uuid.uuid4())}
        headers = {"Authorization": f"Bearer {patient.token}"}
        self._http.post("/api/messages", json=message, headers=headers).raise_for_status()

    @contextmanager
    def flowing(self, of_risk: float = 0.25) -> Iterator[None]:
        """Within the block, patients write; so large a part of it is of risk."""
        self._stopped.clear()
        writers = [threading.Thread(target=self._flow, args=(of_risk, seed), daemon=True) for seed in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            yield
        finally:
            self._stopped.set()
            for writer in writers:
                writer.join()

    def _flow(self, of_risk: float, seed: int) -> None:
        chance = random.Random(seed)
        while not self._stopped.wait(0.02):
            label = RISK if chance.random() < of_risk else chance.choice(EVERYDAY)
            self.write(chance.choice(self._clinic.patients), text_about(label, chance))
