#!/usr/bin/env bash
# SpikingJelly 2.0.0: the first step of a neuron loads torch's compiler (torch._dynamo and torch._inductor, with SymPy),
# also on a CPU, where nothing is compiled, and in evaluation without gradients. Its neurons are operators registered with
# torch, whose registration does that. In 0.0.0.0.14 a step loads nothing.
#
# Seen: one step of an LIFNode of four neurons loads 0 modules in 0.0.0.0.14 and more than 800 in 2.0.0, of which later steps
# need none: about two seconds and 150 MB once a process (not checked here, as they are a machine's).
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > step.py <<'PYTHON'
import sys

import torch
from spikingjelly.activation_based import neuron

COMPILER = {"torch._dynamo", "torch._inductor", "sympy"}
loads = sys.argv[2] == "loads"
node, drive = neuron.LIFNode().eval(), torch.rand(1, 4)
before = set(sys.modules)
assert not COMPILER & before
with torch.no_grad():
    node(drive)
    first = set(sys.modules) - before
    node(drive)
    second = set(sys.modules) - before - first
print(sys.argv[1], f"one step of an LIFNode loads {len(first)} modules, another one {len(second)}")
assert not second
assert (COMPILER <= first and len(first) > 500) if loads else not first
PYTHON
for version in 0.0.0.0.14 2.0.0; do
    python3 -m venv "$version"
    "$version/bin/pip" install -q "spikingjelly==$version" torch==2.14.1 torchvision==0.29.1
    "$version/bin/python" step.py "$version" "$([ "$version" = 2.0.0 ] && echo loads || echo nothing)"
done
