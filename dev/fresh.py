"""`python -m dev.fresh`: a system of its own on free ports, empty but for the seeds, for as long as somebody listens.

Says where it is in one line of JSON once it is up, and ends with its standard input; nothing of it stays.
"""

import argparse
import json
import os
import signal
import sys
from datetime import timedelta
from typing import Final, NoReturn
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from dev.cloud import LocalCloud
from dev.ports import CannotStart
from shared.clock import now
from shared.database.models.messaging import Conversation, ConversationMember, Message
from shared.database.transaction import transaction
from shared.messages import seal_body
from shared.settings import settings

# Tests come from one address, and write faster than a person does.
SETTINGS: Final = {"BLOOM_EVERY_MINUTE_SECONDS": "2", "LIMITS": "sign-up=1000/1,send-message=1000/1"}


def main() -> int:
    """Serve until the standard input ends; 1 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m dev.fresh", description=__doc__)
    parser.add_argument("--messages", type=int, default=0, help="how many the seeded conversation begins with")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        with LocalCloud(settings=SETTINGS) as cloud:
            if given.messages:
                os.environ.update(cloud.settings)
                settings.cache_clear()
                write(given.messages)
            print(json.dumps({"origin": cloud.origin}), flush=True)
            sys.stdin.read()
    except CannotStart as error:
        print(f"bloom: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


@transaction
def write(db: Session, count: int) -> None:
    """Fill the seeded conversation with messages of the last days, written by both in turns."""
    conversation = db.scalars(select(Conversation)).one()
    members = list(db.scalars(select(ConversationMember.user_id)))
    for number in range(1, count + 1):
        sender_id = members[number % len(members)]
        message = Message(id=uuid4(), conversation_id=conversation.id, sender_id=sender_id, seq=number)
        message.sent_at = now() - timedelta(minutes=count - number + 1)
        message.body = seal_body(message.id, f"Line {number} of a long conversation.")
        db.add(message)
    conversation.last_seq = count


def _stop(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
