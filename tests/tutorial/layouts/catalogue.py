"""Every form of file that opens: what is in it, what it opens as, and how to make one.

`python -m tests.tutorial.layouts.catalogue` prints the table of docs/checkpoints.md; `--write`
puts it there. The tests make each file and hold that it opens so.
"""

import sys
from argparse import Namespace
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from tests.tutorial.layouts.networks import (
    CHANNELS,
    CONTAINER,
    LAYOUTS,
    NEW_IF,
    OLD_IF,
    OLD_LIF,
    T,
    renamed,
    weights,
    whole_network,
)

PAGE = Path(__file__).parents[3] / "docs" / "checkpoints.md"
BEGIN, END = "<!-- table of forms -->\n", "<!-- end of the table -->\n"


@dataclass(frozen=True)
class Entry:
    """A form of file.

    Attributes:
        group: Heading of its part of the table.
        holds: What the file holds.
        make: Makes what is saved.
        opens: "network" or "encoder".
        form: What `Checkpoint.form` calls it.
        neurons: Whether the file states its neurons.
        steps: T as the file states it, None where it does not.
        saved: How it is saved: by "torch", in torch's "legacy" format, or as "safetensors".
    """

    group: str
    holds: str
    make: Callable[[], Any]
    opens: str = "network"
    form: str = "PythonNet"
    neurons: bool = False
    steps: int | None = None
    saved: str = "torch"


def _state(layout: str = "ours") -> dict[str, Any]:
    return renamed(weights(), layout)


def _under(prefix: str, layout: str = "ours") -> dict[str, Any]:
    return {prefix + key: value for key, value in _state(layout).items()}


def _encoder(names: tuple[str, str]) -> dict[str, Any]:
    kept = {k: v for k, v in weights().items() if k.startswith("static_conv.")}
    by = {"static_conv.0": names[0], "static_conv.1": names[1]}
    return {f"{by[key[:13]]}{key[13:]}": value for key, value in kept.items()}


def _deeper() -> dict[str, Any]:
    state = {k: v for k, v in weights().items() if not k.startswith("fc.")}
    more = {k.replace("conv.2", "conv.6"): v for k, v in state.items() if k.startswith("conv.2")}
    return {**state, **more, "fc.1.weight": torch.zeros(3, CHANNELS)}


def _wider() -> dict[str, Any]:
    state = weights()
    return {**state, "fc.1.weight": torch.ones(7, 45), "fc.3.weight": torch.ones(3, 7)}


def _lif_behind() -> nn.Module:
    net = whole_network("ours", weights())
    net.fc = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(45, 9, bias=False), OLD_LIF())
    return net


def _leaky() -> nn.Module:
    net = whole_network("ours", weights())
    for part, place in ((net.conv, 0), (net.conv, 4), (net.fc, 2), (net.fc, 4)):
        part[place] = OLD_LIF(v_threshold=0.5)
        part[place].tau, part[place].decay_input = 2.0, True
    return net


def _in_part() -> nn.Module:
    net = whole_network("csnn", weights())
    net.conv_fc = nn.DataParallel(net.conv_fc)
    return net


def _counted() -> nn.Module:
    """As thop leaves a network: two numbers in each module."""
    net = whole_network("ours", weights())
    for module in list(net.modules()):
        module.register_buffer("total_ops", torch.zeros(1, dtype=torch.float64))
        module.register_buffer("total_params", torch.zeros(1, dtype=torch.float64))
    return net


def _sequential_encoder(neurons: type, whole: bool) -> Any:
    parts = whole_network("ours", weights()).static_conv
    encoder = nn.Sequential(parts, neurons()).eval()
    return encoder if whole else encoder.state_dict()


def _spiking_encoder(whole: bool) -> Any:
    encoder = whole_network("csnn", weights()).conv_fc[0:3]
    return encoder if whole else encoder.state_dict()


def _in_container() -> nn.Module:
    container = CONTAINER()
    container.module = whole_network("ours", weights()).static_conv
    return nn.Sequential(container, NEW_IF()).eval()


def _beside() -> dict[str, Any]:
    return {
        "net": _state(),
        "history": defaultdict(list, {"test_acc": [0.5]}),
        "last": deque([0.5, 0.6], maxlen=2),
        "order": OrderedDict(a=1),
        "curve": np.arange(4.0),
        "max_test_acc": np.float64(0.5),
        "args": Namespace(T=T, lr=0.1, out=Path("logs")),
        "device": torch.device("cuda:0"),
        "dtype": torch.bfloat16,
        "kept": {1, 2},
    }


def _lightning() -> dict[str, Any]:
    return {
        "epoch": 3,
        "global_step": 7,
        "pytorch-lightning_version": "2.6.6",
        "state_dict": _under("net."),
        "loops": {},
        "hyper_parameters": {"T": T, "lr": 0.1},
    }


_NAMES = {"ours": "PythonNet, and snnviz's own", "cupy-old": "CupyNet, SeqToANNContainer with a "
          "module in it", "cupy-new": "CupyNet, SeqToANNContainer that is a Sequential",
          "tutorial": "the tutorial's network with all convolutions in `conv`",
          "csnn": "CSNN of SpikingJelly 0.0.0.0.13 and newer"}  # fmt: skip
_DICT, _NAMED, _WHOLE = "A state dict", "Names around a state dict", "A whole pickled network"
_ALONE, _OTHER, _OUTSIDE = "An encoder alone", "Another network behind it", "Other files"


def _entries() -> list[Entry]:
    found = [
        Entry(_DICT, name, lambda layout=layout: _state(layout), form=LAYOUTS[layout][0])
        for layout, name in _NAMES.items()
    ]
    found += [
        Entry(
            _DICT, f"of {name}", lambda dtype=dtype: {k: v.to(dtype) for k, v in _state().items()}
        )
        for name, dtype in {
            "numbers of 16 bits, BatchNorm's counters too (`v.half()`)": torch.float16,
            "bfloat16 numbers": torch.bfloat16,
            "double precision": torch.float64,
        }.items()
    ]
    found += [
        Entry(_DICT, "of NumPy arrays", lambda: {k: v.numpy() for k, v in _state().items()}),
        Entry(_DICT, "without BatchNorm's counters",
              lambda: {k: v for k, v in _state().items() if not k.endswith("tracked")}),
        Entry(_DICT, "in torch's format before 1.6", _state, saved="legacy"),
    ]  # fmt: skip
    found += [
        Entry(_NAMED, f"under `{name}`", lambda name=name: {name: _state(), "epoch": 3})
        for name in ("net", "state_dict", "model_state_dict", "model", "my_network")
    ]
    found += [
        Entry(_NAMED, "under `model` in a dict under `checkpoint`",
              lambda: {"checkpoint": {"model": _state(), "T": T}}, steps=T),
        Entry(_NAMED, "of DataParallel or DistributedDataParallel", lambda: _under("module.")),
        Entry(_NAMED, "of torch.compile", lambda: _under("_orig_mod.")),
        Entry(_NAMED, "of torch.compile in DistributedDataParallel",
              lambda: _under("module._orig_mod.")),
        Entry(_NAMED, "of AveragedModel",
              lambda: {"n_averaged": torch.tensor(9), **_under("module.")}),
        Entry(_NAMED, "of DataParallel around a part", lambda: _in_part().state_dict(),
              form="CSNN"),
        Entry(_NAMED, "Lightning's `.ckpt`, the network's attribute before each name",
              _lightning, steps=T),
        Entry(_NAMED, "first in a list or tuple", lambda: (_state(), 3)),
        Entry(_NAMED, "Lightning's, with a loss and metrics beside the network",
              lambda: {"state_dict": {**_under("model._orig_mod."),
                                      "criterion.weight": torch.ones(3),
                                      "train_acc.correct": torch.tensor(3)}}),
        Entry(_NAMED, "any other prefix of every name", lambda: _under("model.snn.")),
    ]  # fmt: skip
    found += [
        Entry(_WHOLE, name, lambda layout=layout: whole_network(layout, weights()),
              form=LAYOUTS[layout][0], neurons=True, steps=T)
        for layout, name in _NAMES.items()
    ]  # fmt: skip
    whole = {"neurons": True, "steps": T}
    found += [
        Entry(_WHOLE, "under `net`", lambda: {"net": whole_network("ours", weights())}, **whole),
        Entry(_WHOLE, "in DataParallel", lambda: nn.DataParallel(whole_network("ours", weights())),
              **whole),
        Entry(_WHOLE, "in AveragedModel", lambda: AveragedModel(whole_network("ours", weights())),
              **whole),
        Entry(_WHOLE, "with a part in DataParallel", _in_part, form="CSNN", **whole),
        Entry(_WHOLE, "with the counters of thop in it", _counted, **whole),
        Entry(_WHOLE, "with LIFNode in the place of IFNode", _leaky, **whole),
    ]  # fmt: skip
    found += [
        Entry(_ALONE, "`static_conv` of a state dict",
              lambda: _encoder(("static_conv.0", "static_conv.1")), "encoder", "encoder"),
        Entry(_ALONE, "`Sequential(net.static_conv, net.conv[0])`, its state dict",
              lambda: _sequential_encoder(OLD_IF, whole=False), "encoder", "encoder"),
        Entry(_ALONE, "`Sequential(net.static_conv, net.conv[0])`, whole",
              lambda: _sequential_encoder(OLD_IF, whole=True), "encoder", "encoder", neurons=True),
        Entry(_ALONE, "CSNN's `spiking_encoder()`, its state dict",
              lambda: _spiking_encoder(whole=False), "encoder", "encoder"),
        Entry(_ALONE, "CSNN's `spiking_encoder()`, whole",
              lambda: _spiking_encoder(whole=True), "encoder", "encoder", neurons=True),
        Entry(_ALONE, "the same in a SeqToANNContainer, whole", _in_container, "encoder", "encoder",
              neurons=True),
    ]  # fmt: skip
    found += [
        Entry(_OTHER, "more convolutions, other linear layers", _deeper, "encoder"),
        Entry(_OTHER, "another number of hidden neurons", _wider, "encoder"),
        Entry(_OTHER, "LIF neurons and dropout, whole, as the tutorial's network of 2020",
              _lif_behind, "encoder", neurons=True, steps=T),
    ]  # fmt: skip
    return [
        *found,
        Entry(_OUTSIDE, "safetensors (`pip install 'snnviz[safetensors]'`)", _state,
              saved="safetensors"),
        Entry(_OUTSIDE, "beside the weights: defaultdict, deque, NumPy arrays, Namespace, Path, "
              "devices, types", _beside, steps=T),
    ]  # fmt: skip


ENTRIES = _entries()


def table() -> str:
    """The table of docs/checkpoints.md, in Markdown."""
    lines = ["| the file holds | opens | its neurons are | T is |", "| --- | --- | --- | --- |"]
    group = ""
    for entry in ENTRIES:
        if entry.group != group:
            group = entry.group
            lines.append(f"| **{group}** | | | |")
        neurons = "read" if entry.neurons else "assumed, or stated by you"
        steps = "read" if entry.steps else "4, or stated by you"
        lines.append(f"| {entry.holds} | {entry.opens} | {neurons} | {steps} |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """The table as it stands in docs/checkpoints.md."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    if "--write" in sys.argv:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        page = head + BEGIN + table() + END + rest.partition(END)[2]
        PAGE.write_text(page, encoding="utf-8")
    else:
        sys.stdout.write(table())
