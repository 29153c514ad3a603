"""An administrator's unlocking ends every pause after wrong guesses; while Redis is away, it is tried again later."""

from shared.events import AccountUnlocked

from .codes import GUESSES
from .password_proof import PASSWORDS


def unlock(event: AccountUnlocked) -> None:
    """The account's owner may try again at once. Raises RedisAway."""
    for guesses in (PASSWORDS, GUESSES):
        guesses.end_pause(event.user_id)
