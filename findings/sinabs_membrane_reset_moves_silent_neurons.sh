#!/usr/bin/env bash
# sinabs 3.1.3: MembraneReset(reset_value) is "reset membrane potential to reset_value after a spike". It computes
# v * (spikes == 0) + reset_value, so that the value is added to every neuron at every step, also to those that did
# not spike. With a value below 0 a drive that would reach the threshold may never do so.
#
# Seen: threshold 1, reset value -0.3, drive 0.3 a step: the neuron never fires and its potential stays at 0.3
# before each reset; with reset value 0 it fires at step 3 and every 4 steps.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q sinabs==3.1.3 torch==2.14.1
cd "$work"
venv/bin/python - <<'PYTHON'
import torch
from sinabs.activation import MembraneReset
from sinabs.layers import IAF


def fires(reset_value):
    neurons = IAF(spike_threshold=1.0, reset_fn=MembraneReset(reset_value))
    with torch.no_grad():
        spikes = neurons(torch.full((1, 20, 1), 0.3))
    return spikes.flatten().nonzero().flatten().tolist()


above, below = fires(0.0), fires(-0.3)
print("reset value 0: fires at", above)
print("reset value -0.3: fires at", below)
assert above == [3, 7, 11, 15, 19]
assert below == [], "a neuron that did not spike is left alone"
PYTHON
