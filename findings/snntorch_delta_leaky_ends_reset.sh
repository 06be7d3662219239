#!/usr/bin/env bash
# snnTorch 1.0.0: snntorch.utils.reset puts the hidden states of a network's neurons back. It looks for the kinds of
# neurons by isinstance and then calls a class method that goes over every neuron that was made in the process. Once
# one DeltaLeaky (a subclass of Leaky) exists anywhere, resetting any other network with a Leaky in it raises
# AttributeError, also where that network has no DeltaLeaky; where the DeltaLeaky is deleted, it is still in the list.
#
# Seen: reset of a network of one Leaky works, then raises after `snntorch.DeltaLeaky(beta=0.5)` was made and dropped.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numpy==2.4.6 snntorch==1.0.0 torch==2.14.1
cd "$work"
venv/bin/python - <<'PYTHON'
import snntorch
import torch
from snntorch import utils

net = torch.nn.Sequential(torch.nn.Linear(2, 2), snntorch.Leaky(beta=0.5, init_hidden=True))
net(torch.ones(1, 2))
utils.reset(net)
print("before: reset works, mem", net[1].mem.tolist())

snntorch.DeltaLeaky(beta=0.5)  # of no network, and dropped at once
try:
    utils.reset(net)
except AttributeError as error:
    print("after: AttributeError:", error)
else:
    raise SystemExit("reset works again")
PYTHON
