"""`make demo`: three messages of a patient, and the whole way of each through a running `make dev`."""

import asyncio
import sys
import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from dev.client import Listener, Person, Unexpected
from dev.environment import ROOT, given_environment
from dev.ports import ports_from
from dev.seed_accounts import ACCOUNTS

PATIENT, THERAPIST, _ = ACCOUNTS


@dataclass(frozen=True)
class Example:
    """A message, and whether its therapist must be alerted."""

    about: str
    body: str
    alerts: bool


EXAMPLES = (
    Example("an everyday message", "Thank you for today. Could we meet at four on Thursday instead of three?", False),
    Example(
        "an anxious message",
        "My heart races before every meeting and I cannot stop worrying what might go wrong.",
        False,
    ),
    Example("a message with suicidal intent", "I cannot go on like this. I want to end my life tonight.", True),
)


def main() -> int:
    """Show it; the exit code."""
    origin = f"http://localhost:{ports_from(given_environment(ROOT))['gateway']}"
    try:
        asyncio.run(show(origin))
    except Unexpected as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        print(f"✗ nothing answers at {origin} ({type(error).__name__}): run `make dev` first", file=sys.stderr)
        return 1
    print("\n✓ all three arrived, were classified, and the third raised the alert")
    return 0


async def show(origin: str) -> None:
    """Sign in on both sides and send the examples. Raises Unexpected."""
    patient = await Person.sign_in(origin, PATIENT.email, PATIENT.password)
    therapist = await Person.sign_in(origin, THERAPIST.email, THERAPIST.password)
    listener = Listener(therapist)
    try:
        conversation_id = (await patient.get("/api/conversations"))["items"][0]["id"]
        await listener.open(conversation_id)
        print(f"{patient.name} writes, {therapist.name} listens on a socket, at {origin}")
        for number, example in enumerate(EXAMPLES, start=1):
            print(f"\n{number}. {example.about}\n   “{example.body}”")
            await follow(example, patient, therapist, listener, conversation_id)
    finally:
        await listener.close()
        await patient.close()
        await therapist.close()


async def follow(example: Example, patient: Person, therapist: Person, listener: Listener, room: str) -> None:
    """One message from its POST to what each side sees. Raises Unexpected."""
    sent_at = time.perf_counter()
    posted = {"conversationId": room, "body": example.body, "clientId": str(uuid.uuid4())}
    answer = await patient.post("/api/messages", posted)
    _line("POST answered", f"after {_ms(sent_at, time.perf_counter())} {_answer(answer)}")
    message_id = answer["message"]["id"]

    arrived_at, heard = await listener.wait("new-message", lambda event: event["id"] == message_id)
    _require(heard["body"] == example.body, "the socket heard another body")
    _line("therapist's socket", f"new-message, seq {heard['seq']}, {_ms(sent_at, arrived_at)} after the POST began")

    arrived_at, heard = await listener.wait("message-analysed", lambda event: event["messageId"] == message_id)
    _line("therapist's socket", f"message-analysed, {_ms(sent_at, arrived_at)} after the POST began")
    _line("therapist sees", _analysis(await _analysis_of(therapist, room, message_id)))
    if example.alerts:
        arrived_at, alert = await listener.wait("risk-alert", lambda event: event["messageId"] == message_id)
        _line("therapist's socket", f"risk-alert ({alert['level']}), {_ms(sent_at, arrived_at)} after the POST began")


async def _analysis_of(therapist: Person, room: str, message_id: str) -> dict[str, Any]:
    history = await therapist.get("/api/messages", conversationId=room)
    found = next((item for item in history["items"] if item["id"] == message_id), None)
    _require(found is not None and found["analysis"] is not None, "the therapist sees no analysis")
    assert found is not None
    return dict(found["analysis"])


def _answer(answer: dict[str, Any]) -> str:
    if answer["analysis"] is None:
        return f"{{message: seq {answer['message']['seq']}, analysis: null}} (labels are not shown to patients)"
    names = ", ".join(resource["name"] for resource in answer["analysis"]["resources"])
    return f"{{message: seq {answer['message']['seq']}, analysis: {{resources: {names}}}}}"


def _analysis(analysis: dict[str, Any]) -> str:
    scores = sorted(analysis["allScores"].items(), key=lambda score: -score[1])
    bars = "".join(f"\n{'':26}{label:<22}{score:>6.1%} {'█' * round(score * 30)}" for label, score in scores)
    return (
        f"{analysis['label']} ({analysis['confidence']:.0%}), risk {analysis['riskLevel']}, "
        f"model {analysis['modelVersion']}{bars}"
    )


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Unexpected(otherwise)


def _line(what: str, text: str) -> None:
    print(f"   {what:<20}   {text}", flush=True)


def _ms(start: float, end: float) -> str:
    return f"{(end - start) * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
