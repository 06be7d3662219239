"""What `snnviz energy` prints for people."""

from collections.abc import Iterator
from textwrap import wrap

from snnviz.display import aligned
from snnviz.scoring.energy import EnergyReport

_UNITS = (("mJ", 1e-3), ("uJ", 1e-6), ("nJ", 1e-9), ("pJ", 1e-12))


def energy_lines(report: EnergyReport) -> Iterator[str]:
    """The tables for people, line by line."""
    kept = report.accesses()
    rows: list[tuple[str, ...]] = [
        ("synapses", "sees", "steps", "MACs a step", "SynOps", "rate", "memory")
    ]
    for layer in report.layers:
        synops = "-" if layer.synops is None else f"{layer.synops:,.0f}"
        rate = "-" if layer.rate is None else f"{layer.rate:.4f}"
        counts = (f"{layer.steps}", f"{layer.macs:,}", synops, rate)
        rows.append((layer.name, layer.sees, *counts, f"{kept[layer.name].total:,.0f}"))
    yield from aligned(rows, left={0, 1})
    yield ""
    rows = [("neurons", "number", "spikes", "firing rate", "memory")]
    for each in report.neurons:
        numbers = (f"{each.neurons:,}", f"{each.spikes:,.1f}", f"{each.rate:.4f}")
        rows.append((each.name, *numbers, f"{kept[each.name].total:,.0f}"))
    yield from aligned(rows, left={0})
    yield "all of an image, in all steps; memory: accesses to 32-bit words (Lemaire et al. 2022);"
    yield "zeros that pad a map take part in nothing"
    yield ""
    rows = [("energy an image", "with spikes", "without", "ratio", "source")]
    for model in report.models:
        ratio = f"{model.ratio:.2f}" if model.ordinary else "-"
        figures = (_joules(model.spiking), _joules(model.ordinary), ratio)
        rows.append((model.title, *figures, model.source))
    yield from aligned(rows, left={0, 4})
    for model in report.models:
        yield from wrap(f"{model.source} leaves out {model.leaves_out}", 100)
    yield from _verdict(report)


def _verdict(report: EnergyReport) -> Iterator[str]:
    """Who wins against an ordinary network of the same bits."""
    rate, even = report.rate, report.break_even_rate
    if rate is None or even is None:
        return
    wins = "spikes win" if rate < even else "spikes lose"
    yield ""
    yield (
        f"against activations of {report.activation_bits} bits, ceil(log2(T + 1)), {wins}: they "
        f"reach the layers at a rate of {rate:.1%}, and would win below {even:.1%}"
    )
    if report.averaged:
        yield (
            f"that leaves out {', '.join(report.averaged)}, which see values at several steps: "
            f"{report.averaged_share:.1%} of the products of a step"
        )
    yield f"neurons fire at {report.firing_rate:.1%}; rates are spikes a step"


def _joules(value: float) -> str:
    unit, size = next((pair for pair in _UNITS if value >= pair[1]), _UNITS[-1])
    return f"{value / size:.3g} {unit}"
