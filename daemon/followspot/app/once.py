"""A command with an id is carried out once, whichever way it comes and however often, also over a restart."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

from followspot.domain.commands import Answer, Command, StatusCommand
from followspot.domain.errors import CommandRefusedError

REMEMBERED = 256
"""As many as the storage keeps."""

Take = Callable[[Command, str], Awaitable[Answer]]


class AnswerStore(Protocol):
    """The part of the storage that this needs."""

    async def answers(self) -> list[tuple[str, str, str]]:
        """Name, id and answer (JSON) of the newest commands, oldest first."""
        ...

    def keep_answer(self, name: str, command_id: str, answer: str) -> None:
        """Put an answer on record; returns at once."""
        ...


class Once:
    """Stands before whoever carries commands out. Lives on the loop.

    Nothing waits for the disk: what a crash keeps from it is forgotten, and a stop is never late.
    """

    def __init__(self, take: Take, store: AnswerStore) -> None:
        self._take = take
        self._store = store
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()
        self._running: dict[tuple[str, str], asyncio.Lock] = {}

    async def recall(self) -> None:
        """Learn what an earlier run answered. Raises StorageError."""
        for name, command_id, answer in await self._store.answers():
            self._answers[name, command_id] = Answer.model_validate_json(answer)

    async def take(self, command: Command, source: str) -> Answer:
        """The answer: the one it had, or that of carrying it out now. Raises CommandRefusedError without an id."""
        if command.id is None or isinstance(command, StatusCommand):
            return await self._take(command, source)
        key = (command.name, command.id)
        async with self._running.setdefault(key, asyncio.Lock()):
            if key not in self._answers:
                self._remember(key, await self._answer(command, source))
            self._running.pop(key, None)
            return self._answers[key]

    async def _answer(self, command: Command, source: str) -> Answer:
        try:
            return await self._take(command, source)
        except CommandRefusedError as error:
            return Answer.refusal(error, command.id)

    def _remember(self, key: tuple[str, str], answer: Answer) -> None:
        self._answers[key] = answer
        self._store.keep_answer(*key, answer.model_dump_json())
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
