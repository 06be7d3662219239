"""The page of formulas, held to the code: the rules of neurons as they are stepped, and names."""

import math
from fractions import Fraction
from pathlib import Path

import pytest

import snnviz.metrics
from snnviz.neurons.rule import IntegrateAndFire

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "mathematics.md").read_text()
T = 12
THRESHOLD, RESET = Fraction(9, 10), Fraction(1, 5)
DRIVES = [Fraction(n, 23) for n in range(-4, 50)]


def train(rule, drive):
    """The steps at which a neuron fires, in exact numbers."""
    potential, fired = Fraction(rule.start), []
    for t in range(T):
        v = rule.charge(potential, drive)
        spike = int(rule.fires(v))
        potential = rule.reset(v, spike)
        fired += [t] * spike
    return fired


def stated(drive, tau=None, decay_input=True):
    """First-spike time by the page's formula; T where it says silent."""
    above = THRESHOLD - RESET
    if tau is None:
        return math.ceil(above / drive) - 1 if drive > 0 else T
    reach = drive if decay_input else tau * drive
    if reach <= above:
        return T
    return math.ceil(math.log(1 - above / reach) / math.log(1 - 1 / tau)) - 1


@pytest.mark.parametrize(("tau", "decay_input"), [(None, True), (3, True), (3, False)])
def test_first_spikes_are_those_of_the_formulas(tau, decay_input):
    tau = tau and Fraction(tau)
    rule = IntegrateAndFire(THRESHOLD, RESET, tau, decay_input)
    seen = set()
    for drive in DRIVES:
        fired = train(rule, drive)
        first = fired[0] if fired else T
        assert first == min(T, stated(drive, tau, decay_input))
        for t in range(T):  # counts after a hard reset
            assert sum(f <= t for f in fired) == (t + 1) // (first + 1)
        seen.add(first)
    assert len(seen) > 5


def test_counts_after_a_soft_reset_are_those_of_the_formula():
    rule = IntegrateAndFire(THRESHOLD, None)
    for drive in (drive for drive in DRIVES if 0 <= drive <= THRESHOLD):
        fired = train(rule, drive)
        for t in range(T):
            assert sum(f <= t for f in fired) == math.floor((t + 1) * drive / THRESHOLD)
    above = train(rule, THRESHOLD * 3)
    assert above == list(range(T))


def test_every_function_and_accumulator_is_on_the_page():
    for name in snnviz.metrics.__all__:
        if callable(getattr(snnviz.metrics, name)) and not name.endswith(
            ("Result", "Side", "Diff")
        ):
            assert f"`{name}`" in PAGE or name in {
                "FoldedChange",
                "Paired",
                "PairedMean",
                "WeightChange",
            }, name


def test_every_name_on_the_page_is_there():
    header = [line for line in PAGE.splitlines() if line.startswith("`") and line.endswith(".")]
    names = [name for line in header for name in line.split("`")[1::2] if name.isidentifier()]
    assert len(names) > 50
    for name in names:
        assert name in snnviz.metrics.__all__, name
