#!/usr/bin/env bash
# neurobench 2.3.0: ActivationSparsity of a network of SpikingJelly's neurons is 0, without a word, as if all of them
# fired at every step: TorchModel looks for ReLU and Sigmoid alone. Told of them with
# `add_activation_module` it finds the share of silence. SynapticOperations needs no neurons, and is right either way.
#
# Seen: 0.0, and 1.0 once told, for neurons that never fire; 0 operations either way.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q neurobench==2.3.0 spikingjelly==2.0.0 torch==2.14.1 torchvision==0.29.1
cd "$work"
venv/bin/python - <<'PYTHON'
import torch
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import TorchModel
from spikingjelly.activation_based import neuron
from torch import nn

net = nn.Sequential(nn.Linear(8, 6), neuron.IFNode(v_threshold=1e9), nn.Linear(6, 3)).eval()


def found(metric, told):
    model = TorchModel(net)
    if told:
        model.add_activation_module(neuron.BaseNode)
    model.register_hooks()
    images = torch.rand(4, 8)
    with torch.no_grad():
        answers = model(images)
    value = metric(model, answers, (images, None))
    model.cleanup_hooks()
    return value


untold, told = (found(ActivationSparsity(), each) for each in (False, True))
print("sparsity of silent neurons:", untold, "and once told of them:", told)
assert untold == 0.0
assert told == 1.0
assert found(SynapticOperations(), told=False)["Effective_ACs"] == 0
PYTHON
