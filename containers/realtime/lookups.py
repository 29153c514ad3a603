"""What sockets ask of the database on their way in, many at a time: a storm of them is a few transactions."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final, Generic, TypeVar
from uuid import UUID

from containers.realtime import history
from containers.realtime.history import Entered, Entering
from shared import session
from shared.session import Caller

AT_ONCE: Final = 100

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """Questions that come while the database is being asked are put to it together, next."""

    def __init__(self, ask: Callable[[Collection[Question]], Mapping[Question, Answer]]) -> None:
        """`ask` runs in a thread, once at a time; what it leaves out of its answers is answered None."""
        self._ask = ask
        self._waiting: list[tuple[Question, asyncio.Future[Answer | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, question: Question) -> Answer | None:
        """Raises what `ask` does."""
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._ask_batch(batch)
        finally:
            self._asking = None

    async def _ask_batch(self, batch: list[tuple[Question, "asyncio.Future[Answer | None]"]]) -> None:
        try:
            answers = await asyncio.to_thread(self._ask, list({question for question, _ in batch}))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for question, answer in batch:
            if not answer.done():
                answer.set_result(answers.get(question))


class Lookups:
    """Of one relay."""

    def __init__(self) -> None:
        """Each asks over one connection at a time."""
        self.caller: Together[str, Caller] = Together(session.find_all)
        """Whose token it is."""
        self._open: Together[UUID, bool] = Together(_open_sessions)
        self.enter: Together[Entering, Entered] = Together(history.enter_all)
        """Into a conversation; None for who is to ask alone, and be told why not."""

    async def is_open(self, session_id: UUID) -> bool:
        """Whether a session has not ended."""
        return bool(await self._open(session_id))


def _open_sessions(session_ids: Collection[UUID]) -> dict[UUID, bool]:
    return dict.fromkeys(session.still_open(session_ids), True)
