"""A process of its own in which many threads ask for the same thing as the first ones ever: prints how many failed.

Usage: python -m tests.concurrency.first_use ROUNDS, with the settings in the environment. Each round is a fork, since
what a library does at a first use it does once.
"""

import os
import sys
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

from sqlalchemy.orm import Session as Database

from functions.appointments import own_appointments
from functions.appointments.slots import Span
from shared import access
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.scheduling import AppointmentStatus
from shared.database.transaction import transaction
from shared.problems import Problem
from shared.roles import Role
from shared.session import Caller

THREADS = 6
SWITCHES_EVERY = 1e-5
"""Seconds; threads are changed so often that what can meet does."""


@transaction
def look(db: Database, caller: Caller) -> None:
    """What a booking asks, and what a message asks, of nobody's."""
    between = Span(now(), now() + timedelta(minutes=50))
    own_appointments.may_book(db, caller.user_id, uuid4())
    own_appointments.asked_for_before(db, caller, uuid4(), between, AppointmentStatus.BOOKED)
    with suppress(Problem):  # there is none, and a therapist of nowhere has no licence
        access.conversation(db, caller, uuid4(), action=Action.MESSAGES_READ)


def failures_of_a_round(role: Role) -> int:
    """In a process that has asked for nothing yet."""
    sys.setswitchinterval(SWITCHES_EVERY)
    caller = Caller(user_id=uuid4(), role=role, session_id=uuid4())
    together, failed = Barrier(THREADS), list[str]()

    def ask() -> None:
        together.wait()
        try:
            look(caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
            failed.append(type(error).__name__)

    threads = [Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failed)


def main(rounds: int) -> int:
    """How many of the rounds had a failure."""
    failed = 0
    for number in range(rounds):
        child = os.fork()
        if not child:
            os._exit(min(failures_of_a_round((Role.PATIENT, Role.THERAPIST)[number % 2]), 100))
        failed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    return failed


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
