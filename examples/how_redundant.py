"""How many of an encoder's channels say the same, and how like an untrained one is it?

python examples/how_redundant.py [CHECKPOINT]
"""

# %% Correlation between channels
import sys

import snnviz
from snnviz.metrics import Redundancy, cka
from snnviz.tutorial.baselines import untrained_encoder

images = snnviz.garments(200)  # or snnviz.fashion_mnist("data")
inputs = images.batch(range(200))
encoder = snnviz.load_encoder(*sys.argv[1:])  # no argument: the bundled one
config = snnviz.NetworkConfig(T=8, channels=encoder.channels)
others = {f"untrained {seed}": untrained_encoder(config, seed, inputs) for seed in range(2)}

records = {"encoder": encoder.encode(inputs, T=8)}
records |= {name: other.encode(inputs, T=8) for name, other in others.items()}
for name, record in records.items():
    redundancy = Redundancy(record.T, record.shape[1:])
    redundancy.update(record, images.images)
    found = redundancy.result()
    print(
        f"{name}: mean |r| {found.mean_absolute_correlation:.3f}, "
        f"{found.effective_dimension:.2f} effective dimensions of {record.shape[1]}"
    )

# %% Do two encoders see the images alike? 1: up to rotation and scale, about 0: unrelated
counts = {name: record.count(7) for name, record in records.items()}
for name in others:
    print(f"CKA of the encoder and {name}: {cka(counts['encoder'], counts[name]):.3f}")
