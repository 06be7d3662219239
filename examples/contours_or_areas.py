"""Do an encoder's spikes follow the contours of the image, or its areas?

python examples/contours_or_areas.py [CHECKPOINT]
"""

# %% Counts and images, correlated pixel by pixel
import sys
from collections import Counter

import snnviz
from snnviz.metrics import QUANTITIES, Contours

images = snnviz.garments(200)  # or snnviz.fashion_mnist("data")
encoder = snnviz.load_encoder(*sys.argv[1:])  # no argument: the bundled one
record = encoder.encode(images.batch(range(200)), T=8)
contours = Contours(record.T, record.shape[1:])
contours.update(record, images.images)
found = contours.result()

# %% The sum of all channels, as the tutorial looks at it
for name in ("edge", "intensity"):
    r = found.summed[:, QUANTITIES.index(name)]
    print(f"summed spikes and {name}: r = {r[0]:+.3f} after one step, {r[-1]:+.3f} in the end")

# %% Each channel by itself
for kind, count in Counter(found.types()).most_common():
    print(f"{count:4} channels follow: {kind}")
best = found.correlation[-1, :, QUANTITIES.index("edge")].argmax()
print(f"channel {best} follows edges best")
