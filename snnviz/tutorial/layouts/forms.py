"""The layouts in which checkpoints come, and their weights under `ConvSNN`'s names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from snnviz.checkpoint.names import listing
from snnviz.errors import CheckpointError

_WEIGHT = ("weight",)
_BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
# The layers of ConvSNN that have weights, with the names of their parameters and buffers.
LAYERS = {
    "static_conv.0": _WEIGHT,
    "static_conv.1": _BATCH_NORM,
    "conv.2": _WEIGHT,
    "conv.3": _BATCH_NORM,
    "fc.1": _WEIGHT,
    "fc.3": _WEIGHT,
}
# The convolution and the normalization that are the encoder's.
_ENCODER = 2


@dataclass(frozen=True)
class Form:
    """A layout.

    Attributes:
        name: What it is called.
        layers: Its names for `LAYERS`, in that order; of an encoder alone the first two.
        neurons: Its name for the encoder's neurons.
        alone: Whether a file of this form holds these layers and no others.
    """

    name: str
    layers: tuple[str, ...]
    neurons: str
    alone: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """Its key for each of `ConvSNN`'s, {theirs: ours}."""
        return {
            f"{theirs}.{name}": f"{ours}.{name}"
            # An encoder alone has the first two layers.
            for theirs, (ours, names) in zip(self.layers, LAYERS.items(), strict=False)
            for name in names
        }


# Without the names that `plain_name` takes out. CupyNet is made of SeqToANNContainer, which held
# its layers under `module` at first, and later was itself a Sequential. What lies first is taken
# where two forms fit a file equally well.
FORMS = (
    Form("PythonNet", tuple(LAYERS), "conv.0"),
    Form(
        "CupyNet",
        ("static_conv.0", "static_conv.1", "conv.1.1", "conv.1.2", "fc.0", "fc.2"),
        "conv.0",
    ),
    Form(
        "CupyNet",
        ("static_conv.0", "static_conv.1", "conv.1.1", "conv.1.2", "fc.0.0", "fc.2.0"),
        "conv.0",
    ),
    Form("tutorial", ("conv.0", "conv.1", "conv.4", "conv.5", "fc.1", "fc.3"), "conv.2"),
    Form(
        "CSNN",
        ("conv_fc.0", "conv_fc.1", "conv_fc.4", "conv_fc.5", "conv_fc.9", "conv_fc.11"),
        "conv_fc.2",
    ),
    Form("encoder", ("static_conv.0", "static_conv.1"), "conv.0"),
    # nn.Sequential(net.static_conv, net.conv[0]), and net.conv_fc[0:3].
    Form("encoder", ("0.0", "0.1"), "1", alone=True),
    Form("encoder", ("0", "1"), "2", alone=True),
)
# The remedy where a file is not enough to know a network by.
IN_PYTHON = (
    "build the network in Python, load its weights there, and pass it to snnviz.load_encoder"
)
_MEASURES = re.compile(r"(\w+_)?(criterion|loss|loss_fn|acc|accuracy|metrics?)(_\w+)?")


@dataclass(frozen=True)
class Match:
    """Where the tutorial's network, or its encoder, lies in a state dict.

    Attributes:
        form: The layout.
        prefix: What stands before each of its names, "" or ending with a dot.
        state: Its values under `ConvSNN`'s names: those of the encoder, and those of the whole
            network where `fault` is None.
        fault: What keeps all of it from being the tutorial's network; None where it is, "" where
            there is nothing but an encoder.
    """

    form: Form
    prefix: str
    state: dict[str, object]
    fault: str | None

    @property
    def neurons(self) -> str:
        """The name of the encoder's neurons."""
        return self.prefix + self.form.neurons


def match(named: Mapping[str, object]) -> Match:
    """The tutorial's network, or its encoder, in `named`: a state dict under plain names.

    `num_batches_tracked` may be missing, as in state dicts older than torch 0.4.1.

    Raises:
        CheckpointError: There is none, or more than one; the message names a few keys.
    """
    places = [(form, prefix) for form in FORMS for prefix in _prefixes(form, named)]
    if not places:
        raise CheckpointError(
            f"holds no network that snnviz reads from a file: its keys are {listing(named)}, "
            f"expected static_conv.0.weight ... fc.3.weight; {IN_PYTHON}"
        )
    form, prefix = max(places, key=lambda place: _fit(place[0], place[1], named))
    # A copy below the network is a part of it; one beside it is another network.
    others = {p for f, p in places if not (f.alone or p.startswith(prefix) or prefix.startswith(p))}
    if others:
        raise CheckpointError(
            f"holds {len(others) + 1} networks, under {listing(sorted({prefix, *others}))}; save "
            "the one that you mean alone"
        )
    keys = form.keys
    encoder = [key for key in keys if keys[key].startswith("static_conv.")]
    lacking = _lacking(encoder, prefix, named)
    beside = _beside(form, prefix, named)
    if lacking or beside:
        raise CheckpointError(
            f"holds an encoder that {_differs(lacking, beside)}; snnviz reads a convolution "
            f"without bias and BatchNorm from a file; {IN_PYTHON}"
        )
    lacking = _lacking(keys, prefix, named)
    expected = {prefix + key for key in keys}
    beside = [key for key in named if key not in expected and not _is_measure(key, prefix)]
    alone = "" if len(form.layers) == _ENCODER else None
    fault = f"it {_differs(lacking, beside)}" if lacking or beside else alone
    taken = encoder if fault is not None else keys
    state = {keys[key]: named[prefix + key] for key in taken if prefix + key in named}
    return Match(form, prefix, state, fault)


def _prefixes(form: Form, named: Mapping[str, object]) -> list[str]:
    """What stands before the names of each network of this form, the shortest first."""
    first = f"{form.layers[0]}.weight"
    ends = {key[: -len(first)] for key in named if key == first or key.endswith(f".{first}")}
    keys = {prefix + key for prefix in ends for key in form.keys}
    norm = f"{form.layers[1]}.running_mean"
    if form.alone and not (len(ends) == 1 and keys >= named.keys() and min(ends) + norm in named):
        return []
    return sorted(ends, key=len)


def _is_measure(key: str, prefix: str) -> bool:
    """Whether it is of a loss or a metric that lies beside the network, as Lightning keeps them."""
    return not key.startswith(prefix) and _MEASURES.fullmatch(key.partition(".")[0]) is not None


def _fit(form: Form, prefix: str, named: Mapping[str, object]) -> tuple[int, int]:
    """How many of the form's keys are there; where as many are, that few others belong to it."""
    return sum(prefix + key in named for key in form.keys), -len(form.keys)


def _lacking(keys: Iterable[str], prefix: str, named: Mapping[str, object]) -> list[str]:
    return [
        prefix + key
        for key in keys
        if prefix + key not in named and not key.endswith(".num_batches_tracked")
    ]


def _beside(form: Form, prefix: str, named: Mapping[str, object]) -> list[str]:
    """What the encoder's own layers have besides the expected."""
    keys = {prefix + key for key in form.keys}
    layers = tuple(f"{prefix}{layer}." for layer in form.layers[:_ENCODER])
    return [key for key in named if key.startswith(layers) and key not in keys]


def _differs(lacking: list[str], beside: list[str]) -> str:
    faults = [f"lacks {listing(lacking)}"] if lacking else []
    faults += [f"also has {listing(beside)}"] if beside else []
    return " and ".join(faults)
