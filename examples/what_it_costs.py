"""What do a network's spikes cost, and where?

python examples/what_it_costs.py CHECKPOINT
"""

# %% One pass over labelled images counts everything
import sys

import snnviz

if len(sys.argv) < 2:
    sys.exit(__doc__)

network = snnviz.load_checkpoint(sys.argv[1]).build_network()
found = snnviz.evaluation_report(network, snnviz.garments(100))  # or snnviz.fashion_mnist("data")

# %% Synaptic operations, layer by layer; the first layer sees grey levels and multiplies
for layer, macs in found.macs.items():
    if layer in found.synops:
        print(f"{layer}: {found.synops[layer]:,.0f} additions an image, dense {macs:,}")
    else:
        print(f"{layer}: {macs:,} multiply-accumulates an image, once")

# %% Energy of the arithmetic alone, float32 in 45 nm (Horowitz 2014)
energy = found.energy
print(f"{1e6 * energy.pixels:.3g} uJ on pixels, {1e6 * energy.spikes:.3g} uJ on spikes")
print(f"{1e6 * energy.dense:.3g} uJ for the same layers without spikes, run once")
