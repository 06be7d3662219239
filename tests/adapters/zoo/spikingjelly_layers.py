"""Users' networks of SpikingJelly by the layers that stand before the first neuron."""

from spikingjelly.activation_based import encoding, functional, layer, neuron, surrogate
from torch import nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_run import STEP, TIME_FIRST, entry, lively

GREY, COLOUR, ROW = (1, 16, 14), (3, 12, 12), (24,)


def sequential(*layers: nn.Module, mode: str = "") -> nn.Module:
    """Return the layers in a row, in a step mode where one is named."""
    net = nn.Sequential(*layers)
    if mode:
        functional.set_step_mode(net, mode)
    return net


def head(maps: int = 4) -> tuple[nn.Module, ...]:
    """Return the layers after the first neuron."""
    return layer.AdaptiveAvgPool2d(2), layer.Flatten(), layer.Linear(4 * maps, 5)


def network(name, layer_name, node, build, shape=GREY, form=STEP, gain=3.0, **facts) -> Network:
    """Return a network of a user, made to spike."""
    return entry(
        f"own/{name}",
        layer_name,
        node,
        shape,
        lambda: lively(build(), gain),
        origin="own module",
        form=form,
        **facts,
    )


def before() -> list[Network]:
    """Return networks by what stands before the first neuron."""

    def row(name, layers, position, node=neuron.IFNode, mode="", maps=4, **facts):
        form = TIME_FIRST if mode == "m" else STEP
        return network(
            name,
            str(position),
            node.__name__,
            lambda: sequential(*layers(), node(), *head(maps), mode=mode),
            form=form,
            **facts,
        )

    conv = layer.Conv2d
    return [
        row("max_pool", lambda: (conv(1, 4, 3), layer.MaxPool2d(2)), 2),
        row("dropout", lambda: (conv(1, 4, 3), layer.Dropout(0.5), nn.Dropout2d(0.5)), 3),
        row("transposed", lambda: (layer.ConvTranspose2d(1, 4, 3, stride=2),), 1, mode="m"),
        row("upsampled", lambda: (layer.Upsample(scale_factor=2), conv(1, 4, 3)), 2),
        row(
            "depthwise",
            lambda: (conv(3, 6, 3, groups=3), conv(6, 4, 1), layer.BatchNorm2d(4)),
            3,
            neuron.LIFNode,
            "m",
            shape=COLOUR,
        ),
        row("two_relus", lambda: (conv(1, 8, 3), nn.ReLU(), conv(8, 4, 3), nn.ReLU6()), 4),
        row("group_norm", lambda: (conv(1, 4, 3, stride=2), layer.GroupNorm(2, 4)), 2, mode="m"),
        row("instance_norm", lambda: (conv(1, 4, 3), nn.InstanceNorm2d(4)), 2),
        row("no_layer", lambda: (), 0, maps=1, gain=1.0),
        row("norm_only", lambda: (layer.BatchNorm2d(1),), 1, maps=1, T=6),
        row(
            "threshold_norm",
            lambda: (conv(1, 4, 3), layer.ThresholdDependentBatchNorm2d(1.0, 1.0, 4)),
            2,
            mode="m",
        ),
        row(
            "norm_of_each_step",
            lambda: (conv(1, 4, 3), layer.BatchNormThroughTime2d(4, 4)),
            2,
            mode="m",
        ),
        row(
            "attention",
            lambda: (conv(1, 4, 3), layer.MultiDimensionalAttention(4, 4, 2, 2)),
            2,
            mode="m",
            gain=12.0,
        ),
        row("synapse", lambda: (conv(1, 4, 3), layer.SynapseFilter(2.0)), 2, T=6),
        row("neu_norm", lambda: (conv(1, 4, 3, padding=1), layer.NeuNorm(4, 16, 14)), 2),
        row("delay", lambda: (conv(1, 4, 3), layer.Delay(2)), 2, mode="m", T=6),
        row("weight_norm", lambda: (nn.utils.parametrizations.weight_norm(conv(1, 4, 3)),), 1),
        row("latency_code", lambda: (encoding.LatencyEncoder(4), conv(1, 4, 3)), 2),
        network(
            "linear_lif",
            "2",
            "LIFNode",
            lambda: sequential(
                layer.Flatten(),
                layer.Linear(224, 10, bias=False),
                neuron.LIFNode(surrogate_function=surrogate.ATan()),
            ),
            gain=8.0,
        ),
        network(
            "rows_of_a_table",
            "1",
            "ParametricLIFNode",
            lambda: sequential(layer.Linear(24, 8), neuron.ParametricLIFNode(), mode="m"),
            ROW,
            TIME_FIRST,
        ),
    ]


NETWORKS = before()
