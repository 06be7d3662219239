"""Synaptic operations against those of neurobench, where it is installed.

It is no dependency: `pip install neurobench` (2.3.0 was tried), and run this file. What it counts
is written down in `test_energy.py`, too.
"""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron

import snnviz
from tests.scoring.test_energy import counted_elsewhere

workload = pytest.importorskip("neurobench.metrics.workload")
models = pytest.importorskip("neurobench.models")


def benched(net, images, metric):
    """What a metric of neurobench says of a network on images."""
    model = models.TorchModel(net)
    model.add_activation_module(neuron.BaseNode)  # without it no neurons are found
    model.register_hooks()
    values = torch.from_numpy(images.batch(range(len(images))))
    with torch.no_grad():
        predicted = model(values)
        found = metric(model, predicted, (values, None))
    model.cleanup_hooks()
    return found


def test_synaptic_operations_are_those_of_neurobench():
    net, images = counted_elsewhere()
    report = snnviz.energy_report(net, images)
    found = benched(net, images, workload.SynapticOperations())
    synops = sum(layer.synops or 0 for layer in report.layers)
    assert found["Effective_ACs"] == pytest.approx(synops, rel=1e-12)
    dense = sum(layer.macs * layer.steps for layer in report.layers)
    assert found["Dense"] == pytest.approx(dense, rel=1e-12)
    pixels = images.batch(range(len(images)))
    # It leaves out products with pixels that are 0, and so it counts fewer.
    assert 0 < found["Effective_MACs"] < report.layers[0].macs
    assert np.count_nonzero(pixels) < pixels.size


def test_firing_rates_are_those_of_neurobench():
    """Once it knows SpikingJelly's neurons; it says 0, and no more, where it does not."""
    net, images = counted_elsewhere()
    report = snnviz.energy_report(net, images)
    sparsity = benched(net, images, workload.ActivationSparsity())
    assert 1 - sparsity == pytest.approx(report.firing_rate, rel=1e-9)
