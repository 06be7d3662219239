"""How many bits does a first spike carry, and about what?

python examples/bits_in_a_spike.py [CHECKPOINT]
"""

# %% Joint histograms of first-spike time, intensity and class
import sys

import numpy as np
import torch

import snnviz
from snnviz.baselines import poisson
from snnviz.metrics import Information

images = snnviz.garments(200)  # or snnviz.fashion_mnist("data")
encoder = snnviz.load_encoder(*sys.argv[1:])  # no argument: the bundled one
inputs = torch.from_numpy(images.batch(range(200)))

# %% The encoder, beside pixels that fire at random
for name, record in {
    "encoder": encoder.encode(inputs, T=8),
    "Poisson coding": poisson(inputs, 8, seed=0),
}.items():
    information = Information(record.T, record.shape[1:], classes=10)
    information.update(record, images.images, images.labels)
    found = information.result()
    print(f"{name}: entropy {found.entropy_corrected.mean():.3f} bits a neuron, of them")
    print(f"  {found.intensity_information_corrected.mean():.3f} on the pixel's intensity")
    print(f"  {found.label_information_corrected.mean():.4f} on the class of the image")
    print(f"  {np.nanmean(found.bits_per_spike):.3f} on intensity a spike")
