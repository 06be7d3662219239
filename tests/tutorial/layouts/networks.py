"""The tutorial's network in every layout, written without any of snnviz's code.

`T`, sizes and threshold differ from every default, so that none of them can be guessed.
"""

import sys
import types
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

T, CHANNELS, CLASSES, SIDE = 6, 5, 3, 12
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
PYTHON_NET = (
    "static_conv.0.weight",
    *(f"static_conv.1.{name}" for name in NORM),
    "conv.2.weight",
    *(f"conv.3.{name}" for name in NORM),
    "fc.1.weight",
    "fc.3.weight",
)


def _keys(conv0, norm0, conv1, norm1, fc0, fc1):
    return (
        f"{conv0}.weight",
        *(f"{norm0}.{name}" for name in NORM),
        f"{conv1}.weight",
        *(f"{norm1}.{name}" for name in NORM),
        f"{fc0}.weight",
        f"{fc1}.weight",
    )


LAYOUTS = {
    "ours": ("PythonNet", PYTHON_NET),
    "cupy-old": (
        "CupyNet",
        _keys(
            "static_conv.0",
            "static_conv.1",
            "conv.1.module.1",
            "conv.1.module.2",
            "fc.0.module",
            "fc.2.module",
        ),
    ),
    "cupy-new": (
        "CupyNet",
        _keys("static_conv.0", "static_conv.1", "conv.1.1", "conv.1.2", "fc.0.0", "fc.2.0"),
    ),
    "tutorial": ("tutorial", _keys("conv.0", "conv.1", "conv.4", "conv.5", "fc.1", "fc.3")),
    "csnn": (
        "CSNN",
        _keys("conv_fc.0", "conv_fc.1", "conv_fc.4", "conv_fc.5", "conv_fc.9", "conv_fc.11"),
    ),
}


def weights(*, channels=CHANNELS, in_channels=1, sides=(SIDE, SIDE), seed=0):
    """A state dict under PythonNet's keys with every value drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    features = channels * (sides[0] // 4) * (sides[1] // 4)
    shapes = [
        (channels, in_channels, 3, 3),
        *[(channels,)] * 4,
        (),
        (channels, channels, 3, 3),
        *[(channels,)] * 4,
        (),
        (16 * channels, features),
        (CLASSES, 16 * channels),
    ]
    state = {}
    for key, shape in zip(PYTHON_NET, shapes, strict=True):
        if key.endswith("tracked"):
            state[key] = torch.tensor(len(state) + 40)
        else:
            value = torch.randn(shape, generator=generator)
            state[key] = value.abs() + 0.2 if key.endswith("var") else value
    return state


def renamed(state, layout):
    return dict(zip(LAYOUTS[layout][1], state.values(), strict=True))


def simulate(state, images, steps, v_threshold=1.0, v_reset=0.0, pool=F.max_pool2d):
    """Firing rates [N, classes] by a plain loop over time; `v_reset` None subtracts."""
    membranes = {}

    def spike(name, drive):
        v = membranes.get(name, torch.full_like(drive, v_reset or 0.0)) + drive
        fired = (v >= v_threshold).to(v)
        reset = v - v_threshold if v_reset is None else torch.full_like(v, v_reset)
        membranes[name] = torch.where(fired.bool(), reset, v)
        return fired

    def block(x, conv, norm):
        x = F.conv2d(x, state[f"{conv}.weight"], padding=1)
        mean, var, scale, shift = (
            state[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, scale, shift)

    total = 0
    for _ in range(steps):
        x = spike("a", block(images, "static_conv.0", "static_conv.1"))
        x = spike("b", block(pool(x, 2), "conv.2", "conv.3"))
        x = pool(x, 2).flatten(1)
        x = spike("c", F.linear(x, state["fc.1.weight"]))
        total = total + spike("d", F.linear(x, state["fc.3.weight"]))
    return total / steps


def make_class(full_name, *bases, **members):
    """A class that pickle writes as `full_name`."""
    module, _, name = full_name.rpartition(".")
    return type(name, bases, {"__module__": module, "__qualname__": name, **members})


@contextmanager
def installed(*objects):
    """The modules that `objects` claim to be from can be imported in here, for pickle's sake."""
    names = {item.__module__ for item in objects}
    before = {name: sys.modules.get(name) for name in names}
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    for item in objects:
        setattr(sys.modules[item.__module__], item.__name__, item)
    try:
        yield
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def neuron_class(full_name, *, memories):
    def init(self, v_threshold=1.0, v_reset=0.0):
        nn.Module.__init__(self)
        values = {"v": torch.ones(2, 3), "v_threshold": v_threshold, "v_reset": v_reset}
        if memories:
            self._memories = values
        else:
            self._memories = {"v": values.pop("v")}
            self.__dict__.update(values)
        self.surrogate_function = SURROGATE()

    return make_class(full_name, nn.Module, __init__=init)


SURROGATE = make_class("spikingjelly.clock_driven.surrogate.ATan", nn.Module)
OLD_IF = neuron_class("spikingjelly.clock_driven.neuron.IFNode", memories=True)
OLD_LIF = neuron_class("spikingjelly.clock_driven.neuron.LIFNode", memories=True)
MULTI_STEP_IF = neuron_class("spikingjelly.clock_driven.neuron.MultiStepIFNode", memories=True)
NEW_IF = neuron_class("spikingjelly.other_based.neuron.integrate_and_fire.IFNode", memories=False)
OTHER_IF = neuron_class("someones_script.IFNode", memories=False)
CONTAINER = make_class("spikingjelly.clock_driven.layer.SeqToANNContainer", nn.Module)
SEQUENTIAL_CONTAINER = make_class("spikingjelly.other_based.layer.SeqToANNContainer", nn.Sequential)
NETWORK = make_class("someones_script.Net", nn.Module)
CLASSES_OF_FILES = (
    SURROGATE,
    OLD_IF,
    OLD_LIF,
    MULTI_STEP_IF,
    NEW_IF,
    OTHER_IF,
    CONTAINER,
    SEQUENTIAL_CONTAINER,
    NETWORK,
)


def _contain(*layers):
    container = CONTAINER()
    container.module = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    return container


def whole_network(layout, state, **neuron):
    """A network of classes that are not installed, in one of the layouts, with `state` in it."""
    channels, in_channels = state["static_conv.0.weight"].shape[:2]
    hidden, features = state["fc.1.weight"].shape
    conv = [
        nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
    ]
    norm = [nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)]
    line = [nn.Linear(features, hidden, bias=False), nn.Linear(hidden, CLASSES, bias=False)]
    pool, flat = (lambda: nn.MaxPool2d(2, 2)), nn.Flatten
    seq = nn.Sequential
    net = NETWORK()
    net.T = T
    if layout == "csnn":
        n = [NEW_IF(**neuron) for _ in range(4)]
        net.conv_fc = seq(
            conv[0], norm[0], n[0], pool(), conv[1], norm[1], n[1], pool(), flat(), line[0], n[2],
            line[1], n[3],
        )  # fmt: skip
    elif layout.startswith("cupy"):
        n = [MULTI_STEP_IF(**neuron) for _ in range(4)]
        contain = _contain if layout == "cupy-old" else SEQUENTIAL_CONTAINER
        net.static_conv = seq(conv[0], norm[0])
        net.conv = seq(n[0], contain(pool(), conv[1], norm[1]), n[1], contain(pool(), flat()))
        net.fc = seq(contain(line[0]), n[2], contain(line[1]), n[3])
    else:
        n = [OLD_IF(**neuron) for _ in range(4)]
        first = [conv[0], norm[0]]
        if layout == "ours":
            net.static_conv, first = seq(*first), []
        net.conv = seq(*first, n[0], pool(), conv[1], norm[1], n[1], pool())
        net.fc = seq(flat(), line[0], n[2], line[1], n[3])
    values = iter(state.values())
    with torch.no_grad():
        for layer in (conv[0], norm[0], conv[1], norm[1], *line):
            layer.load_state_dict({key: next(values) for key in layer.state_dict()})
    return net.eval()
