"""A session's device and network in plain words: enough to recognise one's own, too little to find somebody by."""

import ipaddress
from typing import Final

UNKNOWN: Final = "An unknown device"
# In this order: most browsers name themselves after the ones that they want to be taken for.
BROWSERS: Final = (
    ("Electron/", "The desktop app"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Darwin/", "an Apple device"),
    ("Linux", "Linux"),
)


def describe_device(user_agent: str | None) -> str:
    """Words such as `Firefox on Linux`, from what the client says of itself, which proves nothing."""
    browser, system = _first(BROWSERS, user_agent or ""), _first(SYSTEMS, user_agent or "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or (f"An app on {system}" if system else UNKNOWN)


def describe_network(address: str | None) -> str | None:
    """The address without the part that tells households apart: `203.0.113.x`, `2001:db8:…`; None for none."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else parsed
    if mapped is not None:
        return str(mapped).rpartition(".")[0] + ".x"
    first, second = int.from_bytes(parsed.packed[:2]), int.from_bytes(parsed.packed[2:4])
    return f"{first:x}:{second:x}:…"


def _first(words: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((plain for mark, plain in words if mark in user_agent), None)
