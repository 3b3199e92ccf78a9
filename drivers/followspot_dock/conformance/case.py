"""What a case of the conformance kit is."""

import inspect
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from followspot_dock.conformance.bench import Bench
from followspot_dock.protocol.codes import Feature

CaseFunction = Callable[[Bench], Coroutine[Any, Any, None]]

_QUOTED = re.compile(r'docs/dock-protocol\.md: "(.+?)"(?:\s|$)', re.DOTALL)
_NO_FEATURE = Feature(0)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is tried. `needs`: a dock without these features is excused.

    `stream_only`: means nothing where the transport keeps frames whole. `by_hand`: a person has to press a button.
    """

    name: str
    function: CaseFunction
    needs: Feature = _NO_FEATURE
    stream_only: bool = False
    by_hand: bool = False

    @property
    def title(self) -> str:
        """In one line, what must hold."""
        return inspect.getdoc(self.function).splitlines()[0]  # type: ignore[union-attr]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the protocol document that are checked."""
        text = inspect.getdoc(self.function) or ""
        return tuple(" ".join(quoted.split()) for quoted in _QUOTED.findall(text))


def case(
    *, needs: Feature = _NO_FEATURE, stream_only: bool = False, by_hand: bool = False
) -> Callable[[CaseFunction], Case]:
    """Make a case of a function, under its own name."""

    def make(function: CaseFunction) -> Case:
        return Case(function.__name__, function, needs, stream_only, by_hand)

    return make
