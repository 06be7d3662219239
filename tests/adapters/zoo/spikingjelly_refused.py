"""Users' networks of SpikingJelly for which the right answer is a sentence, and no record."""

from spikingjelly.activation_based import encoding, layer, neuron
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_layers import GREY, ROW, network, sequential
from tests.adapters.zoo.spikingjelly_run import STEP, TIME_FIRST


class Own(nn.Module):
    """A neuron that a user writes from nothing, without SpikingJelly."""

    def __init__(self):
        super().__init__()
        self.v = 0.0

    def reset(self):
        self.v = 0.0

    def forward(self, x: Tensor) -> Tensor:
        self.v = self.v + x
        spikes = (self.v > 1.0).to(x)
        self.v = self.v * (1.0 - spikes)
        return spikes


class Sampling(nn.Module):
    """Drops values at random in evaluation too."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.3, training=True)


class Positional(nn.Module):
    """Cannot be run on images alone."""

    def __init__(self):
        super().__init__()
        self.fc, self.sn = nn.Linear(24, 8), neuron.IFNode()

    def forward(self, x: Tensor, T: int, gain: float) -> Tensor:
        return sum(self.sn(gain * self.fc(x)) for _ in range(T))


def noisy() -> nn.Module:
    """Return a network whose neuron adds other noise at each call."""
    node = neuron.NoisyCUBALIFNode(8, T=4)
    node.reset_noise(200)
    return sequential(nn.Linear(24, 8), node)


def refused() -> list[Network]:
    """Return networks for which the right answer is a sentence."""

    def no(name, reason, build, shape=GREY, node="", form=STEP):
        return network(name, "", node, build, shape, form, refused=reason)

    return [
        no(
            "poisson",
            "random",
            lambda: sequential(encoding.PoissonEncoder(), layer.Conv2d(1, 4, 3), neuron.IFNode()),
        ),
        no(
            "poisson_m",
            "random",
            lambda: sequential(
                encoding.PoissonEncoder(),
                layer.Flatten(),
                layer.Linear(224, 9),
                neuron.LIFNode(1.2),
                mode="m",
            ),
            form=TIME_FIRST,
        ),
        no(
            "noisy_potentials",
            "random",
            noisy,
            ROW,
            form=TIME_FIRST,
        ),
        no(
            "dropout_of_a_sample",
            "random",
            lambda: sequential(layer.Conv2d(1, 4, 3), Sampling(), neuron.IFNode()),
        ),
        no(
            "relus",
            "no spiking layer",
            lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(672, 5)),
        ),
        no(
            "potentials_only",
            "no spiking layer",
            lambda: sequential(nn.Linear(24, 8), neuron.NonSpikingIFNode("max-mem")),
            ROW,
            form=TIME_FIRST,
        ),
        no("own_neuron", "no spiking layer", lambda: nn.Sequential(nn.Conv2d(1, 4, 3), Own())),
        no("more_arguments", "arguments", Positional, ROW),
    ]


NETWORKS = refused()
