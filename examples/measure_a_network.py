"""Measure a trained network from Python: how right, how soon, how busy.

python examples/measure_a_network.py CHECKPOINT [OUT]
"""

import sys
from pathlib import Path

import snnviz

if len(sys.argv) < 2:
    sys.exit(__doc__)

out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("measured")
out.mkdir(parents=True, exist_ok=True)

network = snnviz.load_checkpoint(sys.argv[1]).build_network()
images = snnviz.garments(200)  # or snnviz.fashion_mnist("data")
found = snnviz.evaluation_report(network, images)

print(f"{found.correct} of {found.total} right, after one step {found.accuracy_at[0]:.3f}")
for layer, rate in found.firing_rate.items():
    print(f"{layer}: {rate:.3f} spikes per neuron and step")
print(f"{1e6 * found.energy.total:.3g} uJ an image, dense {1e6 * found.energy.dense:.3g} uJ")

worst = found.confusion.copy()
worst[range(len(worst)), range(len(worst))] = 0
label, answer = divmod(int(worst.argmax()), len(worst))
print(f"most often wrong: {found.classes[label]} predicted as {found.classes[answer]}")
snnviz.confusion_figure(found.confusion, classes=found.classes).savefig(out / "confusion.png")
