"""How many mails a stranger can have sent to one address: one a minute and five an hour of each kind.

Over the limit the answer stays as it was and no mail goes; a refusal would tell that somebody else had asked before.
"""

from typing import Final, Literal

from shared.http.rate_limit import Limit, take

Kind = Literal["verification", "sign-up", "forgot"]

MINUTE: Final = 60
HOUR: Final = 3600


def may_mail(kind: Kind, email: str) -> bool:
    """Count one mail to this address, whether or not it has an account; whether it may go."""
    # The hour's share is taken only by a mail that goes: asking too often does not use it up.
    return (
        take(Limit(f"mail-{kind}-minute", 1, per=MINUTE), email).granted
        and take(Limit(f"mail-{kind}-hour", 5, per=HOUR), email).granted
    )
