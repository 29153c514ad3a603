"""What clients send is read as Socket.IO says, and what they are sent is a WebSocket's frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from containers.realtime.socket_io import ClientEvent, Connect, NotAPacket, Sign, read, text_frame


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("3", Sign("pong")),
        ("1", Sign("leave")),
        ("41", Sign("leave")),
        ("40", Connect("/", None)),
        ('40{"token":"x"}', Connect("/", {"token": "x"})),
        ("40/admin,", Connect("/admin", None)),
        ('40/admin,{"token":"x"}', Connect("/admin", {"token": "x"})),
        ('42["join",{"a":1}]', ClientEvent("join", {"a": 1}, None)),
        ('4217["join",{"a":1},2]', ClientEvent("join", {"a": 1}, "17")),
        ('420["leave"]', ClientEvent("leave", None, "0")),
    ],
)
def test_a_packet_is_read(text: str, packet: object) -> None:
    assert read(text) == packet


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "0",
            "2",
            "2probe",
            "4",
            "43[]",
            "45",
            "451-",
            "46",
            "5",
            "6",
            "x",
            "42",
            "42[]",
            "42{}",
            "42[",
            '42x["a"]',
        ),
        '42/admin,["join"]',
        "40{",
        "42" + "1" * 40 + '["join"]',
        "42" + "[" * 60_000,
        "40" + "[" * 60_000,
        "42[" + "1" * 60_000 + "]",
    ],
)
def test_what_is_no_packet_of_a_clients_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotAPacket):
        read(text)


@given(st.text())
def test_whatever_comes_is_a_packet_or_none(text: str) -> None:
    try:
        read(text)
    except NotAPacket:
        return


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_frame_is_the_one_that_the_standard_describes(length: int) -> None:
    text = "ü" * (length // 2) + "x" * (length % 2)
    assert text_frame(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
