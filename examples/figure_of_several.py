"""Several figures on one page of a paper: maps of an encoder beside the potential of two neurons.

python examples/figure_of_several.py [FILE]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import snnviz
from snnviz.export import write_figure

images = snnviz.garments(1).batch([0])
encoder = snnviz.load_encoder()
record = encoder.encode(images, T=8)
channels, y, x = [3, 17], 20, 8  # the neurons whose potential is shown: two at one place
drive = encoder.drive(images).numpy()[0]
v = np.stack(list(snnviz.membrane_potentials(drive[channels, y, x], T=8)))
spikes = record.spikes()[:, 0, channels, y, x]

paper = Figure(figsize=(7, 3), dpi=200, layout="constrained")
left, right = paper.subfigures(1, 2)
snnviz.feature_map_figure(record.count(7)[0], t=7, T=8, channels=range(16), labels=True, ax=left)
names = [f"channel {channel}" for channel in channels]
snnviz.membrane_figure(v, spikes, names=names, ax=right)
print(write_figure(paper, Path(sys.argv[1] if len(sys.argv) > 1 else "several.pdf")))
