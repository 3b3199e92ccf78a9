"""Takes commands as bytes and gives answers: permission, once per id, counted. Knows nothing of MQTT."""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from followspot.domain.commands import Answer, Command, NotAllowedError, parse_command, readable_id
from followspot.domain.errors import CommandRefusedError

REMEMBERED_ANSWERS = 256
"""A sender that got no answer asks again within seconds; this many commands take a person hours."""

ALWAYS_ALLOWED = ("status", "republish")
"""They change nothing that anyone sees or hears of the lesson."""

CommandHandler = Callable[[Command], Awaitable[Answer]]
"""Carries a command out; refuses with an answer or a CommandRefusedError, and must not fail otherwise."""

_log = logging.getLogger(__name__)


class CommandDesk:
    """Answers commands one after the other. Lives on the loop.

    A command whose id was answered before gets the same answer and is not carried out again.
    `counts` has "ok" and each refusal code.
    """

    def __init__(self, allow: Iterable[str], on_command: CommandHandler) -> None:
        self.counts: Counter[str] = Counter()
        self._allowed = {*ALWAYS_ALLOWED, *allow}
        self._on_command = on_command
        self._answers: OrderedDict[tuple[str, str], Answer] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def take(self, raw: bytes, name: str | None = None) -> Answer:
        """The answer to `raw`; `name` is what the way it came by says the command is. Never raises a refusal."""
        try:
            command = parse_command(raw, name)
            self._check_permission(command)
            async with self._one_at_a_time:
                answer = await self._answer(command)
        except CommandRefusedError as error:
            return self.refuse(raw, error)
        return self._counted(answer)

    def refuse(self, raw: bytes, error: CommandRefusedError) -> Answer:
        """The answer to `raw` that it is not carried out because of `error`."""
        return self._counted(Answer.refusal(error, readable_id(raw)))

    def _check_permission(self, command: Command) -> None:
        if command.name not in self._allowed:
            raise NotAllowedError(
                f"{command.name} is not allowed over MQTT: mqtt.allow in the configuration lists what is"
            )

    async def _answer(self, command: Command) -> Answer:
        if command.id is None:
            return await self._carry_out(command)
        key = (command.name, command.id)
        if key not in self._answers:
            self._answers[key] = await self._carry_out(command)
            if len(self._answers) > REMEMBERED_ANSWERS:
                self._answers.popitem(last=False)
        return self._answers[key]

    async def _carry_out(self, command: Command) -> Answer:
        _log.info("command %s id=%s", command.name, command.id)
        try:
            return await self._on_command(command)
        except CommandRefusedError as error:
            return Answer.refusal(error, command.id)

    def _counted(self, answer: Answer) -> Answer:
        """One warning per kind of refusal: a sender gone mad must not fill the journal."""
        self.counts[answer.code] += 1
        if not answer.accepted:
            level = logging.WARNING if self.counts[answer.code] == 1 else logging.DEBUG
            _log.log(level, "command refused code=%s id=%r: %s", answer.code, answer.id, answer.text)
        return answer
