#!/usr/bin/env bash
# SpikingJelly 2.0.0: estimate_lemaire_energy of the same image several times over gives more energy an image, since the
# memories for inputs and potentials are taken to be as large as the whole batch, and larger memories cost more an access.
#
# Seen: 0.64, 0.91, 2.03 and 4.24 microjoules an image for 1, 2, 16 and 128 images.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q spikingjelly==2.0.0 torch==2.14.1 torchvision==0.29.1
cd "$work"
venv/bin/python - <<'PYTHON'
import torch
from spikingjelly.activation_based import functional, neuron, op_counter
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), neuron.IFNode(), nn.Conv2d(8, 4, 3)).eval()
image = torch.rand(1, 1, 28, 28)


def energy(images):
    functional.reset_net(net)
    report = op_counter.estimate_lemaire_energy(net, image.repeat(images, 1, 1, 1))
    return report.total_pj / 1e6 / images


found = [energy(images) for images in (1, 2, 16, 128)]
print("microjoules an image:", [round(each, 2) for each in found])
assert found == sorted(found)
assert found[-1] > 6 * found[0]
PYTHON
