"""Which channels does a network need, and how far has training moved them?

python examples/which_channels_matter.py CHECKPOINT
"""

# %% Silence each channel in turn and count right answers
import sys

import numpy as np

import snnviz
from snnviz.metrics import channel_rotation, kernel_change
from snnviz.tutorial.baselines import untrained_encoder

if len(sys.argv) < 2:
    sys.exit(__doc__)

checkpoint = snnviz.load_checkpoint(sys.argv[1])
importance = snnviz.channel_importance(checkpoint.build_network(), snnviz.garments(100))
print(f"{importance.correct} of {importance.total} right with all channels")
for channel in np.argsort(-importance.drop, kind="stable")[:3]:
    print(f"without channel {channel}: {importance.correct_without[channel]}")

# %% From where it began: the same network before training. snnviz's checkpoints tell the seed that
# it was drawn from; with any other seed two sets of kernels are simply unrelated.
if checkpoint.seed is None:
    sys.exit("this file does not say which seed its training began with")
before = untrained_encoder(checkpoint.config, seed=checkpoint.seed).kernels
after = snnviz.load_encoder(checkpoint).kernels
turned = channel_rotation(before, after)
print(f"kernels moved by {kernel_change(before, after):.3f} of their norm")
print(f"the median channel turned by {np.median(turned):.1f} degrees")
