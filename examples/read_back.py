"""What can be read back from the spikes: the image, and its class?

python examples/read_back.py [CHECKPOINT]
"""

# %% Readouts are fitted on training images and scored on others
import sys

import snnviz
from snnviz.metrics import ProbeFit, ProbeScore, ReconstructionFit, ReconstructionScore

train_images, images = snnviz.garments(300, "train"), snnviz.garments(200)
encoder = snnviz.load_encoder(*sys.argv[1:])  # no argument: the bundled one
train_record = encoder.encode(train_images.batch(range(300)), T=8)
record = encoder.encode(images.batch(range(200)), T=8)
T, shape = record.T, record.shape[1:]

# %% The image: one linear rule for all positions, at every step
fit = ReconstructionFit(T, shape)
fit.update(train_record, train_images.images)
rule = fit.result()
score = ReconstructionScore(T, shape, rule)
score.update(record, images.images)
for t, psnr in enumerate(score.result().psnr):
    print(f"read after step {t}: {psnr:.2f} dB")
print(f"the mean training image alone: {score.result().floors['mean image'][1]:.2f} dB")

# %% The class: one linear rule of pooled counts
probe_fit = ProbeFit(T, shape, classes=10)
probe_fit.update(train_record, train_images.images, train_images.labels)
probe = ProbeScore(T, shape, probe_fit.result())
probe.update(record, images.images, images.labels)
found = probe.result()
low, high = found.interval
print(f"class found: {found.accuracy:.1%} ({low:.1%} to {high:.1%}), chance {found.chance:.1%}")

# %% What the first image looks like when it is read back
reads = rule.reconstruct(record[:1])[:, 0]
snnviz.reconstruction_figure(images.images[0], reads / 255).savefig("read_back.png")
