"""What several bodies of this function share: how an address, a password and a name may look."""

from typing import Annotated

from pydantic import Field, StringConstraints

# What a mail header would read as more than one address is left out, quoted local parts with it.
_PLAIN = r"[^@\s,;:<>()\[\]\\\"\x00-\x1f\x7f-\x9f]+"
_ADDRESS = rf"^{_PLAIN}@{_PLAIN}\.{_PLAIN}$"
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"

Email = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=254, pattern=_ADDRESS)
]
"""An address as RFC 5321 can carry it, in lower case; the mail that is sent to it proves the rest."""
Password = Annotated[str, Field(min_length=8, max_length=128)]
"""8 to 128 characters of any kind."""
GivenPassword = Annotated[str, Field(min_length=1, max_length=1024)]
"""A password as somebody types it to sign in: whatever was allowed when it was set."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_ONE_LINE)]
"""One line, since mails greet with it."""
MailedToken = Annotated[str, Field(min_length=20, max_length=100)]
