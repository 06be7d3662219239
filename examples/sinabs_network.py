"""Convert a network of torch with sinabs, and record neurons that fire several times a step.

python examples/sinabs_network.py
"""

# %% A network of torch, as it would be trained first; sinabs puts neurons in the place of its ReLUs
import torch
from sinabs.from_torch import from_model
from torch import nn

import snnviz

torch.manual_seed(0)
analog = nn.Sequential(
    nn.Conv2d(1, 8, 5, bias=False),
    nn.ReLU(),
    nn.AvgPool2d(2),
    nn.Flatten(),
    nn.Linear(8 * 12 * 12, 10),
    nn.ReLU(),
)
with torch.no_grad():
    analog[0].weight.mul_(4)
net = from_model(analog, batch_size=1).spiking_model

# %% It takes [N * T, ...], all steps of an image one after the other; snnviz finds that out
images = snnviz.garments(20).batch(range(20))
T = 8
recording = snnviz.record(net, images, T, layers="all")
for layer in recording.layers:
    record = recording[layer.name]
    print(
        f"{layer.name}: {layer.kind} of {layer.framework}, {layer.shape}, "
        f"up to {record.most} spikes a step, mean count {record.count(T - 1).mean():.2f}"
    )

# %% So the rates are those of the ReLU, to within a spike
first = recording.layers[0].name
counts = recording[first].count(T - 1)
with torch.no_grad():
    relu = analog[1](analog[0](torch.from_numpy(images))).numpy()
print(f"counts and {T} times the ReLU differ by {abs(counts - T * relu).max():.2f} at most")
