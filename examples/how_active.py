"""How much does an encoder spike, and how evenly?

python examples/how_active.py [CHECKPOINT]
"""

# %% What 200 images become
import sys

import snnviz
from snnviz.metrics import Activity

images = snnviz.garments(200)  # or snnviz.fashion_mnist("data")
encoder = snnviz.load_encoder(*sys.argv[1:])  # no argument: the bundled one
record = encoder.encode(images.batch(range(200)), T=8)

# %% Accumulators are fed batch by batch, so a data set need not fit into memory
activity = Activity(record.T, record.shape[1:])
activity.update(record, images.images)
found = activity.result()

# %%
print(f"firing rate {found.mean_rate:.3f}, {found.spikes_per_image:,.0f} spikes an image")
print(f"{found.sparsity:.1%} of all neurons stay silent for an image")
print(
    f"{found.silent.sum()} silent and {found.saturated.sum()} saturated of {len(found.rate)} maps"
)
share = found.first_spike.sum(axis=0) / found.first_spike.sum()
for step, part in enumerate(share[:-1]):
    print(f"first spike at step {step}: {part:.1%}")
print(f"population sparseness {found.population_sparseness:.3f}")
print(f"lifetime sparseness {found.mean_lifetime_sparseness:.3f}")
