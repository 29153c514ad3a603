"""What goes with each file of the web client: policy, kind, how long it is kept. The cloud and `make dev` agree."""

import mimetypes
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

HSTS: Final = "max-age=63072000; includeSubDomains"
STORAGE: Final = "https://storage.googleapis.com"
"""Where attached files are put and fetched, each stack's in a bucket of its own, by links signed for one file each."""
FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASKED_EACH_TIME: Final = "no-cache"
INDEX: Final = "index.html"
MEETING: Final = "meeting.html"
"""The page that holds a meeting by Zoom's Meeting SDK, which Zoom serves: it alone may run what is not ours."""
HASHED: Final = "assets/"
"""The folder whose files are named by their content, so that a name never means anything else."""
KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Kinds that a browser insists on, whatever the machine that releases believes of endings."""
NOBODY: Final = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "payment",
    "usb",
)
"""What no page of ours asks a device for, nor one that it frames."""
IN_A_MEETING: Final = ("camera", "display-capture", "microphone")
"""What the meeting's page may ask for nevertheless."""


class AddressMalformed(ValueError):
    """An address cannot stand in the policy; the message names it."""


def headers(grafana_address: str | None, files_address: str) -> dict[str, str]:
    """The headers of every answer of the web client's, by name; none is repeated.

    `grafana_address` is what administrators see framed, None where there is no Grafana; `files_address` is the bucket
    in which attached files lie, as `https://storage.googleapis.com/bloom-files`. Raises AddressMalformed.
    """
    return {"Content-Security-Policy": policy(grafana_address, files_address)} | _everywhere()


def _everywhere() -> dict[str, str]:
    return {
        "Strict-Transport-Security": HSTS,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in NOBODY),
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def meeting_headers() -> dict[str, str]:
    """The headers of the meeting's page: any other's, but for Zoom's code, its servers and the camera."""
    allowed = (f"{feature}=({'self' if feature in IN_A_MEETING else ''})" for feature in NOBODY)
    return _everywhere() | {
        "Content-Security-Policy": meeting_policy(),
        "Permissions-Policy": ", ".join(allowed),
    }


def meeting_policy() -> str:
    """What Zoom documents that its SDK needs, and no way to our own API.

    https://developers.zoom.us/docs/contact-center/web/get-started/#content-security-policy-header, which is said there
    to be for "any Zoom SDK for web"; the SDK compiles WebAssembly, and its workers come from blobs.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'unsafe-eval' blob: https://zoom.us https://*.zoom.us",
            "style-src 'self' 'unsafe-inline' https://*.zoom.us",
            "img-src 'self' data: blob: https://*.zoom.us",
            "connect-src blob: data: https://zoom.us https://*.zoom.us wss://*.zoom.us",
            "font-src 'self' data: https://*.zoom.us",
            "media-src 'self' blob: https://*.zoom.us",
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def policy(grafana_address: str | None, files_address: str) -> str:
    """The content security policy: our own files and origin, the links to files, Grafana in a frame, no inline code.

    Our own origin is the socket's too.
    """
    files, grafana = _folder(files_address), _origin(grafana_address) if grafana_address else "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob: {files}",
            f"connect-src 'self' {files}",
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            f"frame-src {grafana}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def cached(path: str) -> str:
    """How long a file may be kept, by its path below the web client's folder, as `assets/app-1f3a.js`.

    What is not named by its content (the page, the service worker, the manifest, icons) is asked for anew each time.
    """
    return FOR_GOOD if path.lstrip("/").startswith(HASHED) else ASKED_EACH_TIME


def kind_of(path: str) -> str:
    """A file's content type, by its ending."""
    ending = PurePosixPath(path).suffix.lower()
    return KINDS.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def is_page(path: str) -> bool:
    """Whether an address that no file has is one of the client's own, which its index answers: it has no ending."""
    return not PurePosixPath(path).suffix


def _folder(address: str) -> str:
    """All below an address and nothing beside it: a bucket of ours, on a host where everybody's are."""
    return f"{_origin(address)}{_sound(urlsplit(address).path.rstrip('/'), address)}/"


def _origin(address: str) -> str:
    """Scheme, host and port alone: a path would narrow the policy."""
    place = urlsplit(address)
    origin = f"{place.scheme}://{place.netloc}"
    allowed = place.scheme in ("http", "https") and place.hostname and "@" not in origin
    if not allowed:
        raise AddressMalformed(f"{address} is no address of a site")
    return _sound(origin, address)


def _sound(part: str, address: str) -> str:
    """A part of an address, unless it has a sign that would end the policy or begin another."""
    if any(sign in part for sign in " ;,'\"\\{}"):
        raise AddressMalformed(f"{address} is no address of a site")
    return part
