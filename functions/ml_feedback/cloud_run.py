"""Google's clients of the Cloud Run Admin API, which speak to the local double just the same."""

from typing import Any
from urllib.parse import urlsplit


def connected(client: Any, transport: Any, url: str) -> Any:
    """A client of this class at a URL; with `http://` (the local double) over REST and without credentials."""
    from google.auth.credentials import AnonymousCredentials

    place = urlsplit(url)
    if place.scheme == "https":
        return client(client_options={"api_endpoint": place.netloc})
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return client(transport=transport(host=place.netloc, url_scheme=place.scheme, credentials=credentials))


def failures() -> tuple[type[Exception], ...]:
    """What a client raises where Cloud Run says no, cannot be reached, or lets nobody in."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    return GoogleAPIError, GoogleAuthError, OSError
