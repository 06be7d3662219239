"""What becomes of each network of the corpus: the table of docs/frameworks.md.

`python -m tests.adapters.catalogue` records all of them, holds each against its framework's own
run, and prints the table; `--write` puts it into the page.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from snnviz.adapters.recording import record
from snnviz.errors import SnnvizError
from snnviz.records import spikes
from snnviz.tutorial.encoder import load_encoder
from tests.adapters.zoo import NETWORKS, Network, images, truth

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"
BEGIN, END = "<!-- table of networks -->\n", "<!-- end of the table -->\n"
TITLES = {
    "spikingjelly": "SpikingJelly",
    "snntorch": "snnTorch",
    "norse": "Norse",
    "sinabs": "sinabs",
}
FORMS = ["one step a call", "[T, N, ...]", "[N, T, ...]", "[N*T, ...]", "its own loop"]
# What is refused, as the corpus says it, and a word of the sentence that says so.
REASONS = {
    "no spiking layer": ("no spiking layer", "no spiking neurons"),
    "random": ("draws random numbers", "random numbers"),
    "analog": ("analog values", "analog values"),
    "both signs": ("values of both signs", "both signs"),
    "sign": ("values of both signs", "both signs"),
    "arguments": ("needs more than images", "required positional argument"),
    "mem1": ("needs more than images", "'mem1'"),
    "adjoint": ("raises an error of its framework", "threshold function adjoint"),
    "concatenate": ("raises an error of its framework", "can only concatenate tuple"),
}
# Their output has both signs besides what the corpus names.
_SIGNED = {"spikingjelly/own/noisy_potentials", "snntorch/state_only", "snntorch/queried",
           "sinabs/iaf_analog"}  # fmt: skip


def expected(network: Network, count: int = 3, T: int | None = None) -> np.ndarray:
    """What a record has to hold: how often each neuron fires at each step, [T, N, ...].

    Spikes of one size, {0, c}, count as one each; where neurons can fire several times in a step,
    whole numbers are counts.
    """
    emitted = truth(network, count, T).double()
    sizes = emitted[emitted > 0].unique()
    several = network.framework == "sinabs" or network.neuron == "ILIFNode"
    if len(sizes) == 1 and not (several and sizes[0] == sizes[0].round()):
        emitted = emitted / sizes[0]
    assert torch.equal(emitted, emitted.round()), network.name
    return emitted.long().numpy()


def sentence(network: Network) -> str:
    """A part of the sentence that refuses the network."""
    return "both signs" if network.name in _SIGNED else REASONS[network.refused][1]


def by_record(network: Network, count: int = 3) -> tuple[str, spikes.SpikeRecord]:
    """Name of the first layer, and its record from the network's own run."""
    recording = record(network.build(), images(network, count), network.T)
    (name,) = recording
    return name, recording[name]


def by_encoder(network: Network, count: int = 3) -> tuple[str, spikes.SpikeRecord]:
    """The same by its encoder, which steps the neurons alone where it can."""
    encoder = load_encoder(network.build())
    found = encoder.encode(images(network, count), network.T)
    return encoder.layer, found


def outcome(network: Network) -> str:
    """ "right", "wrong" or "refused", by running it in both ways."""
    try:
        found = by_record(network), by_encoder(network)
    except SnnvizError:
        return "refused"
    if network.refused:
        return "wrong"
    same = all(np.array_equal(each.steps(), expected(network)) for _, each in found)
    return "right" if same and all(name in names(network) for name, _ in found) else "wrong"


def names(network: Network) -> set[str]:
    """What its first layer may be called: its name also without what torch wraps around."""
    bare = network.layer.removeprefix("module.").removeprefix("_orig_mod.")
    return {network.layer, bare}


def as_told(network: Network) -> str:
    """What the corpus says of it; the tests hold that it is so."""
    return "refused" if network.refused else "right"


def table(outcomes: list[str]) -> str:
    """The table of docs/frameworks.md, in Markdown, of what became of each network."""
    lines = [
        f"| neuron | reset | {' | '.join(f'`{f}`' if '[' in f else f for f in FORMS)} | refused |",
        "| --- | --- " + "| ---: " * (len(FORMS) + 1) + "|",
    ]
    pairs = list(zip(NETWORKS, outcomes, strict=True))
    for framework, title in TITLES.items():
        own = [(network, how) for network, how in pairs if network.framework == framework]
        rows = sorted({(network.neuron, network.reset) for network, _ in own})
        lines.append(_row(f"**{title}**", "", own))
        for neuron, reset in rows:
            some = [each for each in own if (each[0].neuron, each[0].reset) == (neuron, reset)]
            lines.append(_row(f"`{neuron}`" if neuron else "none that spikes first", reset, some))
    lines.append(_row("**all**", "", pairs))
    return "\n".join([*lines, "", *_refusals(pairs)]) + "\n"


def _row(neuron: str, reset: str, some: list[tuple[Network, str]]) -> str:
    counts = Counter("refused" if how == "refused" else network.form for network, how in some)
    assert all(how in {"right", "refused"} for _, how in some)
    cells = [str(counts[column] or "") for column in (*FORMS, "refused")]
    return f"| {neuron} | {reset} | {' | '.join(cells)} |"


def _refusals(pairs: list[tuple[Network, str]]) -> list[str]:
    """Why networks are refused, how often, and for example which."""
    named: dict[str, list[str]] = {}
    for network, how in pairs:
        if how == "refused":
            named.setdefault(REASONS[network.refused][0], []).append(network.name)
    lines = ["| refused, because it | networks | such as |", "| --- | ---: | --- |"]
    for reason, names in sorted(named.items(), key=lambda each: (-len(each[1]), each[0])):
        verb = "has " if reason.startswith("no ") else "emits " if "values" in reason else ""
        lines.append(f"| {verb}{reason} | {len(names)} | {', '.join(names[:2])} |")
    return lines


def written() -> str:
    """The table as it stands in docs/frameworks.md."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Run all networks; print the table, or write it."""
    outcomes = [outcome(network) for network in NETWORKS]
    wrong = [n.name for n, how in zip(NETWORKS, outcomes, strict=True) if how != as_told(n)]
    if wrong:
        sys.exit(f"not as the corpus says: {', '.join(wrong)}")
    if "--write" in sys.argv:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        page = head + BEGIN + table(outcomes) + END + rest.partition(END)[2]
        PAGE.write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(table(outcomes))


if __name__ == "__main__":
    main()
