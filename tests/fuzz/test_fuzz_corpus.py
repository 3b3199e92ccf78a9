"""The stored inputs and some thousand near relations of theirs, without a fuzzer."""

import random

import pytest

from fuzz.explore import CORPUS, corpus, edges, mutated
from fuzz.target import one_input


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir()))
def test_stored_input(name: str) -> None:
    one_input((CORPUS / name).read_bytes())


@pytest.mark.parametrize("seed", range(8))
def test_relations_of_stored_inputs(seed: int) -> None:
    source, known = random.Random(seed), corpus()
    for _ in range(250):
        one_input(mutated(source.choice(known), known, source))


def test_the_trace_tells_one_way_through_the_code_from_another() -> None:
    assert edges(one_input, b"\x00\x00\x01\x00") != edges(one_input, b"\x03\x00\x01\x00")
