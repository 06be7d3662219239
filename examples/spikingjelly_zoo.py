"""Look into a network of SpikingJelly's own zoo: its layers, and how much each of them fires.

python examples/spikingjelly_zoo.py
"""

# %% A residual network that nobody trained yet, for 32 x 32 pixels and ten classes
import numpy as np
import torch
from spikingjelly.activation_based import functional, neuron, surrogate
from spikingjelly.activation_based.model import sew_resnet

import snnviz

torch.manual_seed(0)
net = sew_resnet.sew_resnet18(
    cnf="ADD", num_classes=10, spiking_neuron=neuron.IFNode, surrogate_function=surrogate.ATan()
)
functional.set_step_mode(net, "m")  # all steps at once; snnviz finds that out

# %% Its zoo takes three channels: a grey garment has the same in each
images = np.repeat(snnviz.garments(8).batch(range(8)), 3, axis=1)

# %% A training pass, from which the normalizations learn what they normalize
for module in net.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = None
with torch.no_grad():
    net.train()(torch.from_numpy(images).expand(4, *images.shape))

# %% All layers, in the order in which they are called
recording = snnviz.record(net, images, T=4, layers="all")
for layer in recording.layers:
    counts = recording[layer.name].count(3)
    shape = " x ".join(map(str, layer.shape))
    print(f"{layer.name}: {layer.kind}, {shape}, mean count {counts.mean():.3f} of {recording.T}")

# %% The first layer is the encoder: the same spikes, without running what lies behind it
encoder = snnviz.load_encoder(net)
record = encoder.encode(images, T=4)
same = np.array_equal(record.count(3), recording[encoder.layer].count(3))
print(f"encoder {encoder.layer} ({encoder.neurons}): {record.shape[1]} maps, same counts: {same}")
