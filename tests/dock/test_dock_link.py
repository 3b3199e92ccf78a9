"""The life cycle takes no other way than the drawn one, and tells each step once."""

import itertools

import pytest

from followspot_dock import LinkChanged, LinkState
from followspot_dock.link import ALLOWED, Backoff, Link

_TO_READY = (LinkState.CONNECTING, LinkState.NEGOTIATING, LinkState.READY)
WAY_TO: dict[LinkState, tuple[LinkState, ...]] = {
    LinkState.SEARCHING: (),
    LinkState.CONNECTING: _TO_READY[:1],
    LinkState.NEGOTIATING: _TO_READY[:2],
    LinkState.READY: _TO_READY,
    LinkState.DEGRADED: (*_TO_READY, LinkState.DEGRADED),
    LinkState.LOST: (*_TO_READY, LinkState.LOST),
}


@pytest.mark.parametrize(("start", "goal"), list(itertools.product(LinkState, LinkState)))
def test_every_step(start: LinkState, goal: LinkState) -> None:
    told: list[LinkChanged] = []
    link = Link(told.append)
    for state in WAY_TO[start]:
        link.move(state, "on the way")
    told.clear()
    if goal in ALLOWED[start]:
        link.move(goal, "there")
        link.move(goal, "there")
        assert told == [LinkChanged(goal, "there")]
        assert link.state is goal
    else:
        with pytest.raises(RuntimeError, match=f"from {start} to {goal}"):
            link.move(goal, "there")
        assert told == []
        assert link.state is start


def test_delays_grow_to_their_limit_and_begin_again() -> None:
    backoff = Backoff()
    delays_s = [backoff.next_s() for _ in range(12)]
    assert delays_s[0] < 0.1
    assert 2 < delays_s[-1] < 4
    assert max(delays_s) < 4
    backoff.reset()
    assert backoff.next_s() < 0.1


def test_commands_get_through_while_the_link_is_ready_or_degraded() -> None:
    assert [state for state in LinkState if state.works] == [LinkState.READY, LinkState.DEGRADED]
