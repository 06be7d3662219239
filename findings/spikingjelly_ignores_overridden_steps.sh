#!/usr/bin/env bash
# SpikingJelly 0.0.0.0.14: a neuron of one's own is a subclass that overrides neuronal_charge, neuronal_fire or
# neuronal_reset, as its tutorials show. SpikingJelly 2.0.0: nothing calls these any more; a subclass of IFNode or
# LIFNode that was written for the earlier version runs as the plain neuron, without an error or a warning.
#
# Seen: a subclass of IFNode that never fires, drive 2, four steps: 0 spikes in 0.0.0.0.14, 4 in 2.0.0, in both step
# modes and for LIFNode as well.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > never.py <<'PYTHON'
import sys

import torch
from spikingjelly.activation_based import neuron


def never(kind):
    class Never(kind):
        def neuronal_fire(self):
            return torch.zeros_like(self.v)

    return Never


def spikes(kind, mode):
    node, drive = never(kind)(step_mode=mode), torch.full((4, 1), 2.0)
    with torch.no_grad():
        out = node(drive) if mode == "m" else torch.stack([node(step) for step in drive])
    return int(out.sum())


counts = [spikes(kind, mode) for kind in (neuron.IFNode, neuron.LIFNode) for mode in "sm"]
print(sys.argv[1], "IFNode and LIFNode that never fire, step modes s and m:", counts, "spikes")
assert counts == [int(sys.argv[2])] * 4
PYTHON
for version in 0.0.0.0.14 2.0.0; do
    python3 -m venv "$version"
    "$version/bin/pip" install -q "spikingjelly==$version" torch==2.14.1 torchvision==0.29.1
    expected=$([ "$version" = 2.0.0 ] && echo 4 || echo 0)
    "$version/bin/python" never.py "$version" "$expected"
done
