"""One sentence each: the fact, and what helps."""

import pickle

import pytest

from snnviz.errors import ConfigError, DiskFullError, ExportError


@pytest.mark.parametrize(
    ("remedies", "sentence"),
    [
        ((), "it is full"),
        (("empty it",), "it is full; empty it"),
        (("empty it", "pass `overwrite=True`"), "it is full; empty it, or pass `overwrite=True`"),
        (("wait", "empty it", "leave"), "it is full; wait, empty it, or leave"),
    ],
)
def test_a_sentence_ends_with_what_helps(remedies, sentence):
    error = ExportError("it is full", *remedies)
    assert str(error) == sentence
    assert error.remedies == remedies


def test_other_remedies_take_the_place_of_its_own():
    error = ConfigError("it is full", "empty it", "leave")
    assert error.with_remedies(["smile"]) == "it is full; smile"
    assert error.with_remedies([]) == "it is full"
    assert str(error) == "it is full; empty it, or leave"


def test_it_arrives_whole_from_another_process():
    error = pickle.loads(pickle.dumps(DiskFullError("it is full", "empty it", "leave")))
    assert type(error) is DiskFullError
    assert str(error) == "it is full; empty it, or leave"
    assert error.remedies == ("empty it", "leave")
