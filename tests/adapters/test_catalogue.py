"""The table of docs/frameworks.md is that of the corpus, of which test_corpus holds every row."""

import pytest

from tests.adapters.catalogue import NETWORKS, REASONS, as_told, table, written
from tests.adapters.zoo import MISSING

WHOLE = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(sorted(MISSING))}")


@WHOLE
def test_the_page_shows_all_of_them():
    # or: python -m tests.adapters.catalogue --write
    assert written() == table([as_told(network) for network in NETWORKS])


@WHOLE
def test_enough_networks_are_right():
    right = [network for network in NETWORKS if not network.refused]
    assert len(right) > 350
    for framework in ("spikingjelly", "snntorch", "norse", "sinabs"):
        assert sum(network.framework == framework for network in right) > 50


def test_a_table_of_wrong_records_is_not_made():
    outcomes = [as_told(network) for network in NETWORKS]
    with pytest.raises(AssertionError):
        table([*outcomes[:-1], "wrong"])


def test_every_refusal_has_a_reason():
    assert {network.refused for network in NETWORKS} - {""} <= REASONS.keys()
