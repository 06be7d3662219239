#!/usr/bin/env bash
# SpikingJelly 2.0.0: IFNode(v_reset=r) starts at r, and a spike puts it back to r, so that a still drive gives equal
# intervals. SimpleIFNode(v_reset=r), described as a simple version of the same neuron, starts at 0 whatever r is: the
# first interval is another than all that follow, in both step modes.
#
# Seen: v_reset 0.5, drive 0.3: IFNode fires at 1, 3, 5, 7; SimpleIFNode at 3, 5, 7.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q spikingjelly==2.0.0 torch==2.14.1 torchvision==0.29.1
cd "$work"
venv/bin/python - <<'PYTHON'
import torch
from spikingjelly.activation_based import neuron


def fires(node):
    with torch.no_grad():
        return [t for t in range(8) if node(torch.tensor([0.3])).item()]


plain, simple = (fires(kind(v_reset=0.5)) for kind in (neuron.IFNode, neuron.SimpleIFNode))
print("IFNode fires at", plain)
print("SimpleIFNode fires at", simple)
assert plain == [1, 3, 5, 7]
assert simple == [3, 5, 7], "both start at v_reset"
PYTHON
