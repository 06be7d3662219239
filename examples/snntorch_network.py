"""Record a network of snnTorch, whose forward loops over time as in its tutorials.

python examples/snntorch_network.py
"""

# %% Convolutions and leaky neurons, registered in whatever order
import snntorch
import torch
from torch import nn

import snnviz


class Net(nn.Module):
    """25 steps inside of forward, the potentials passed by hand."""

    def __init__(self, num_steps: int = 25) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.lif2, self.lif1 = snntorch.Leaky(beta=0.9), snntorch.Leaky(beta=0.9)
        self.fc, self.conv = nn.Linear(12 * 12 * 12, 10), nn.Conv2d(1, 12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        out = []
        for _ in range(self.num_steps):
            spikes, mem1 = self.lif1(nn.functional.max_pool2d(self.conv(x), 2), mem1)
            spikes, mem2 = self.lif2(self.fc(spikes.flatten(1)), mem2)
            out.append(spikes)
        return torch.stack(out)


torch.manual_seed(0)
net = Net()

# %% The first layer is the one that is called first
images = snnviz.garments(20).batch(range(20))
recording = snnviz.record(net, images, layers="all")
print(f"{recording.T} steps, which the network says itself")
for layer in recording.layers:
    rate = recording[layer.name].count(recording.T - 1).mean() / recording.T
    print(f"{layer.name}: {layer.kind}, {layer.neurons} neurons, firing rate {rate:.3f}")

# %% snnviz changes num_steps where another T is asked for, and puts it back
longer = snnviz.record(net, images, T=50)["lif1"]
same = (longer.count(24) == recording["lif1"].count(24)).all()
print(f"num_steps is {net.num_steps}; same first steps: {same}")
print(f"{(longer.first_spike == 50).mean():.1%} of the neurons of lif1 never fire")
