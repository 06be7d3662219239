"""What does an encoder make of each class, and which channels prefer one?

python examples/what_a_class_looks_like.py [CHECKPOINT]
"""

# %% Mean maps of each class
import sys

import numpy as np

import snnviz
from snnviz.metrics import Classes

images = snnviz.garments(200)  # or snnviz.fashion_mnist("data")
encoder = snnviz.load_encoder(*sys.argv[1:])  # no argument: the bundled one
record = encoder.encode(images.batch(range(200)), T=8)
classes = Classes(record.T, record.shape[1:], classes=10)
classes.update(record, images.images, images.labels)
found = classes.result()

# %% The channels that prefer a class most; 0: all alike, 1: only one class makes it spike
order = np.argsort(-np.nan_to_num(found.selectivity, nan=-1))[:8]
for channel in order:
    name = images.classes[found.preferred[channel]]
    print(f"channel {channel:3} prefers {name}: {found.selectivity[channel]:.3f}")

# %% Their mean maps
figure = snnviz.class_atlas_figure(
    found.atlas[:, order], T=record.T, classes=images.classes, channels=order.tolist()
)
figure.savefig("class_atlas.png")
