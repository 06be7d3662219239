"""How energy was computed, as a paragraph for a paper, with its citations as BibTeX."""

from collections.abc import Iterable, Iterator

from snnviz._version import __version__
from snnviz.metrics.energy_models import ModelEnergy
from snnviz.scoring.energy import EnergyReport

BIBLIOGRAPHY = {
    "horowitz2014": """@inproceedings{horowitz2014,
  author = {Horowitz, Mark},
  title = {Computing's energy problem (and what we can do about it)},
  booktitle = {IEEE International Solid-State Circuits Conference (ISSCC)},
  pages = {10--14},
  year = {2014},
  doi = {10.1109/ISSCC.2014.6757323}
}""",
    "lemaire2022": """@inproceedings{lemaire2022,
  author = {Lemaire, Edgar and Cordone, Lo{\\"i}c and Castagnetti, Andrea and
    Novac, Pierre-Emmanuel and Courtois, Jonathan and Miramond, Beno{\\^i}t},
  title = {An Analytical Estimation of Spiking Neural Networks Energy Efficiency},
  booktitle = {Neural Information Processing (ICONIP 2022)},
  pages = {574--587},
  year = {2023},
  doi = {10.1007/978-3-031-30105-6_48},
  eprint = {2210.13107},
  archiveprefix = {arXiv}
}""",
    "yan2024": """@misc{yan2024,
  author = {Yan, Zhanglu and Bai, Zhenyu and Tang, Kaiwen and Wong, Weng-Fai},
  title = {Reconsidering the Energy Efficiency of Spiking Neural Networks Inference from
    Analytical Perspectives},
  year = {2024},
  note = {version 4},
  eprint = {2409.08290},
  archiveprefix = {arXiv}
}""",
}
"""Entries by their keys, which `ModelEnergy.cite` names."""


def bibtex(models: Iterable[ModelEnergy]) -> str:
    """The entries that models cite, in the order of the bibliography."""
    cited = {key for model in models for key in model.cite}
    return "\n\n".join(entry for key, entry in BIBLIOGRAPHY.items() if key in cited)


def methods(report: EnergyReport, *, network: str, images: str, encoder: bool = False) -> str:
    """The paragraph, in LaTeX, and the entries that it cites.

    Args:
        report: What was counted.
        network: What the network goes by.
        images: What the images go by.
        encoder: Whether the network is an encoder and the layer behind it.
    """
    sentences = (
        *_counting(report, _escaped(network), _escaped(images), encoder=encoder),
        *map(_sentence, report.models),
        _verdict(report),
        "All of these are estimates from counts, and no measurements of hardware.",
    )
    return f"{' '.join(filter(None, sentences))}\n\n{bibtex(report.models)}\n"


def _counting(report: EnergyReport, network: str, images: str, *, encoder: bool) -> Iterator[str]:
    """What was counted, and how."""
    what = "the encoder and the layer behind it" if encoder else "the network"
    yield (
        f"Operations of {what} ({network}, $T = {report.T}$) were counted with snnviz "
        f"{__version__} in its own runs on {report.images:,} images of {images}."
    )
    yield (
        "A synaptic operation is a spike times a weight that it meets; zeros that pad a map take "
        "part in nothing."
    )
    if values := [layer.name for layer in report.layers if layer.sees == "values"]:
        yield (
            f"{_listed(values)} analog values, each of which makes multiply-accumulate operations."
        )
    if several := [layer.name for layer in report.layers if layer.sees == "counts"]:
        yield f"{_listed(several)} whole numbers of spikes, each of which is an operation."
    yield (
        f"An image takes {_number(_macs(report))} multiply-accumulate operations on analog values "
        f"and {_number(_synops(report))} synaptic operations; neurons fire at a mean rate of "
        f"{100 * report.firing_rate:.1f}\\,\\% a step."
    )


def _macs(report: EnergyReport) -> float:
    return sum(each.macs * each.steps for each in report.layers if each.synops is None)


def _synops(report: EnergyReport) -> float:
    return sum(each.synops or 0.0 for each in report.layers)


def _listed(names: list[str]) -> str:
    some = ", ".join(f"\\texttt{{{_escaped(name)}}}" for name in names)
    return f"{'Layers' if len(names) > 1 else 'Layer'} {some} {'see' if len(names) > 1 else 'sees'}"


_HOW = {
    "arithmetic": "Counting arithmetic alone (4.6\\,pJ a multiply-accumulate and 0.9\\,pJ an "
    "addition, float32 in 45\\,nm~\\cite{horowitz2014})",
    "memory": "Counting memory accesses and addressing, too (int32 in 45\\,nm, on-chip memories by "
    "their size~\\cite{lemaire2022,horowitz2014})",
    "same bits": "Counting moves of spikes and activations on a chip of 22\\,nm, after "
    "\\cite{yan2024} with storage at 0.039\\,pJ a bit, and leaving out layers that see analog "
    "values",
}


def _sentence(model: ModelEnergy) -> str:
    if not model.ordinary:
        return ""
    return (
        f"{_HOW[model.name]}, an image takes {_joules(model.spiking)} with spikes and "
        f"{_joules(model.ordinary)} in an ordinary network of the same layers"
        f"{' and bits' * (model.name == 'same bits')} ({model.ratio:.2f} times as much)."
    )


def _verdict(report: EnergyReport) -> str:
    rate, even = report.rate, report.break_even_rate
    if rate is None or even is None:
        return ""
    side = "above" if rate > even else "below"
    left_out = ""
    if report.averaged:
        left_out = (
            f" That leaves out layers that see analog values at several steps, which make "
            f"{100 * report.averaged_share:.1f}\\,\\% of the products of a step."
        )
    return (
        f"The ordinary network has activations of $\\lceil\\log_2(T+1)\\rceil = "
        f"{report.activation_bits}$ bits there; spikes reach the layers at a rate of "
        f"{100 * rate:.1f}\\,\\%, {side} the {100 * even:.1f}\\,\\% at which both are equal."
        f"{left_out}"
    )


def _number(value: float) -> str:
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:.3g} {word}"
    return f"{value:,.0f}"


def _joules(value: float) -> str:
    for size, unit in ((1e-3, "mJ"), (1e-6, "$\\mu$J"), (1e-9, "nJ")):
        if value >= size:
            return f"{value / size:.3g}\\,{unit}"
    return f"{value / 1e-12:.3g}\\,pJ"


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "_%&#$" else letter for letter in text)
