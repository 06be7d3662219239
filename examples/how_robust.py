"""How robust is a network, and does it read when neurons fire, or how often?

python examples/how_robust.py CHECKPOINT [OUT]
"""

# %% Images, spikes and steps made worse, on the same images as they are
import sys
from pathlib import Path

import numpy as np

import snnviz

if len(sys.argv) < 2:
    sys.exit(__doc__)

out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("robust")
out.mkdir(parents=True, exist_ok=True)
network = snnviz.load_checkpoint(sys.argv[1]).build_network().eval()
found = snnviz.robustness(network, snnviz.garments(40), attacked=10)

print(f"{found.clean.correct} of {found.total} right, by chance {found.chance:.2f}")
for kind in ("noise", "blur", "contrast", "shift", "occlusion"):
    worst = found.outcome(kind, 5)
    print(f"{kind} at its worst: {worst.paired.difference:+.3f}, p = {worst.paired.p:.2g}")

# %% Spikes deleted cost counts, spikes reversed in time cost their order alone
for kind, severity in (("deleted", 4), ("reversed", 1)):
    outcome = found.outcome(kind, severity)
    low, high = outcome.paired.low, outcome.paired.high
    print(f"{kind}: {outcome.paired.difference:+.3f} ({low:+.3f} to {high:+.3f})")

# %% A figure
kinds = {
    kind: np.array([(o.accuracy, *o.interval) for o in found.of(kind)])
    for kind in ("noise", "blur", "contrast", "shift", "occlusion")
}
figure = snnviz.robustness_figure(
    {"accuracy": kinds},
    clean={"accuracy": found.clean.accuracy},
    floors={"accuracy": found.chance},
)
figure.savefig(out / "robustness.png")
