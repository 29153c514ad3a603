"""A device and a network are described in words that their owner recognises and nobody can be found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.auth.devices import UNKNOWN, describe_device, describe_network

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
DEVICES = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0": "Firefox on Linux",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.6; rv:130.0) Gecko/20100101 Firefox/130.0": "Firefox on Mac",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/128.0.0.0 Safari/537.36": "Chrome on Windows",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/128.0 Safari/537.36 Edg/128.0": "Edge on Windows",
    f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/127.0 Safari/537.36 OPR/113.0": "Opera on Windows",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/128.0 Safari/537.36": "Chrome on ChromeOS",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/128.0 Mobile Safari/537.36": "Chrome on Android",
    f"Mozilla/5.0 (Linux; Android 14) {WEBKIT} SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36": (
        "Samsung Internet on Android"
    ),
    "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0": "Firefox on Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 Version/17.6 Mobile/15E148 "
    "Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 CriOS/128.0 Mobile/15E148 "
    "Safari/604.1": "Chrome on iPhone",
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 FxiOS/130.0 Mobile/15E148 Safari/604.1": (
        "Firefox on iPad"
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.6 Safari/605.1.15": (
        "Safari on Mac"
    ),
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} bloom/1.0 Chrome/126.0 Electron/31.0 Safari/537.36": (
        "The desktop app on Mac"
    ),
    "okhttp/4.12.0": UNKNOWN,
    "Bloom/1.0 CFNetwork/1498.700.2 Darwin/23.6.0": "An app on an Apple device",
    "curl/8.5.0": UNKNOWN,
    "": UNKNOWN,
    None: UNKNOWN,
}
NETWORKS = {
    "203.0.113.77": "203.0.113.x",
    "::ffff:203.0.113.77": "203.0.113.x",
    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff": "2001:db8:…",
    "2001:db8::1": "2001:db8:…",
    "::1": "0:0:…",
    "fe80::1%eth0": "fe80:0:…",
    "unknown": None,
    "203.0.113.999": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(("user_agent", "words"), DEVICES.items())
def test_a_device_is_told_in_plain_words(user_agent: str | None, words: str) -> None:
    assert describe_device(user_agent) == words


@pytest.mark.parametrize(("address", "hint"), NETWORKS.items())
def test_a_network_is_only_hinted_at(address: str | None, hint: str | None) -> None:
    assert describe_network(address) == hint


@given(st.text(max_size=200))
def test_nothing_that_a_client_says_of_itself_is_repeated(user_agent: str) -> None:
    words = describe_device(f"{user_agent} <script>7f3a</script>")
    assert "script" not in words
    assert "7f3a" not in words
    assert 0 < len(words) < 50


@given(st.ip_addresses(v=6))
def test_no_more_than_a_providers_part_of_an_address_is_shown(address: object) -> None:
    hint = describe_network(str(address)) or ""
    assert len(hint) <= len("0000:0000:…") + 8
    assert str(address) not in hint
