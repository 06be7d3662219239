"""Record a network of Norse, whose neurons keep no state, and see its receptive fields.

python examples/norse_network.py
"""

# %% Two dense layers; the states go from step to step by hand
import norse.torch as norse
import torch
from torch import nn

import snnviz

torch.manual_seed(0)
net = norse.SequentialState(
    nn.Flatten(),
    nn.Linear(28 * 28, 36),
    norse.LIFCell(norse.LIFParameters(v_th=torch.tensor(0.1))),
    nn.Linear(36, 10),
    norse.LIFCell(norse.LIFParameters(v_th=torch.tensor(0.05))),
)

# %%
images = snnviz.garments(20).batch(range(20))
recording = snnviz.record(net, images, T=32, layers="all", drives=True)
for layer in recording.layers:
    record = recording[layer.name]
    print(
        f"{layer.name}: {layer.kind} of {layer.framework}, {layer.neurons} neurons, "
        f"mean count {record.count(31).mean():.2f} of 32"
    )
# A still image's drive is kept once, that of spikes for each step.
print(" and ".join(f"{name}: {drive.shape}" for name, drive in recording.drives.items()))

# %% A linear layer that sees the pixels has receptive fields in the place of kernels
encoder = snnviz.load_encoder(net)
record = encoder.encode(images, T=32)
fired = record.count(31).mean(axis=0)
print(f"{encoder.layer}: receptive fields {encoder.kernels.shape}")
print(f"neuron {fired.argmax()} fires most: {fired.max():.2f} spikes an image")
