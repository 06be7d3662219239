"""Potentials of leaky neurons are those that their framework has, or none."""

from copy import deepcopy

import numpy as np
import pytest
import snntorch
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.report.encoding import encode_all
from snnviz.report.leaking import leaky_rule

T = 9


class Leaking(nn.Module):
    """A convolution and neurons, of which those of snnTorch have their state beside them."""

    def __init__(self, node):
        super().__init__()
        generator = torch.Generator().manual_seed(4)
        self.conv, self.node = nn.Conv2d(1, 3, 3, padding=1), node
        with torch.no_grad():
            self.conv.weight.normal_(0.1, 0.4, generator=generator)
            self.conv.bias.fill_(0.05)

    def forward(self, x):
        found = self.node(self.conv(x))
        return found[0] if isinstance(found, tuple) else found


def leaky(**options):
    return snntorch.Leaky(beta=0.83, threshold=0.7, init_hidden=True, **options)


LEAKY = {
    "LIF": lambda: neuron.LIFNode(tau=2.3, v_threshold=0.7, v_reset=-0.1),
    "LIF that subtracts": lambda: neuron.LIFNode(tau=3.0, v_reset=None, decay_input=False),
    "PLIF": lambda: neuron.ParametricLIFNode(init_tau=1.7, v_threshold=0.3),
    "Leaky": leaky,
    "Leaky to zero": lambda: leaky(reset_mechanism="zero"),
    "Leaky without a reset": lambda: leaky(reset_mechanism="none"),
    "Leaky that returns its potential": lambda: snntorch.Leaky(
        beta=0.5, threshold=0.4, init_hidden=True, output=True
    ),
}


@torch.no_grad()
def potentials_of(node, drive):
    """The potential before the reset at each step, by the framework's own code."""
    found, drive = [], drive.reshape(1)
    unreached = deepcopy(node)
    for _ in range(T):
        if isinstance(node, snntorch.Leaky):
            node(drive)
            found.append(float(node.mem))
            continue
        unreached.v_threshold, unreached.v = 1e9, node.v
        unreached(drive), node(drive)
        found.append(float(unreached.v))
    return found


@pytest.mark.parametrize("kind", LEAKY)
def test_the_page_shows_the_potential_that_the_framework_has(page, samples, kind):
    encoder = split_encoder(Leaking(LEAKY[kind]()))
    page.show(encoder, samples, T)
    images = np.stack([sample.image for sample in samples])[:1, np.newaxis] / np.float32(255)
    record, drive = encoder.encode(images, T), encoder.drive(images)[0]
    counts = record.count(T - 1)[0]
    spiking = np.argwhere((counts > 0) & (counts < T))
    for channel, y, x in spiking[:: max(1, len(spiking) // 4)].tolist():
        page.set(channel=channel, y=y, x=x)
        steps = np.flatnonzero(record.steps()[:, 0, channel, y, x])
        text = page.text(".sentence")
        assert "leaks with" in text
        assert text.endswith(f"t = {', '.join(map(str, steps))}")
        own = potentials_of(LEAKY[kind](), drive[channel, y, x])
        heights = page.js(
            "return [...document.querySelectorAll('.potential circle')]"
            ".map(c => -c.getAttribute('cy'))"
        )
        slope, start = np.polyfit(own, heights, 1)
        assert slope > 0
        np.testing.assert_allclose(heights, np.multiply(own, slope) + start, atol=2e-3)
    assert page.complaints() == []


def rule_of(node, samples):
    encoder = split_encoder(Leaking(node))
    (shown,) = encode_all(encoder, samples, T)
    return leaky_rule(encoder, shown.samples, shown.record, T)


class Adapting(neuron.LIFNode):
    """One that is called what it is not."""

    def single_step_functional_forward(self, inputs, states):
        return super().single_step_functional_forward((0.5 * inputs[0],), states)


@pytest.mark.parametrize(
    "node",
    [
        Adapting(),
        leaky(reset_delay=False),
        leaky(state_quant=lambda mem: torch.round(mem * 4) / 4),
        snntorch.Synaptic(alpha=0.5, beta=0.8, init_hidden=True),
        snntorch.Leaky(beta=torch.rand(3, 1, 1), init_hidden=True),
    ],
)
def test_of_others_no_potential_is_told(samples, node):
    assert rule_of(node, samples) == {}


def test_a_rule_that_its_own_neurons_do_not_follow_is_not_told(samples):
    node = leaky()
    assert rule_of(node, samples)["beta"] == 0.83
    node.register_forward_hook(lambda *called: 1 - called[-1])
    assert rule_of(node, samples) == {}


@pytest.mark.parametrize("kind", ["LIF", "Leaky", "IF that subtracts"])
def test_an_image_of_ones_own_spikes_as_in_the_framework(page, samples, kind):
    make = {**LEAKY, "IF that subtracts": lambda: neuron.IFNode(0.4, None)}[kind]
    encoder = split_encoder(Leaking(make()))
    page.show(encoder, samples[:2], T)
    assert "all 4,704 neurons of a sample spike as in PyTorch" in page.text(".own .proof")
    page.set(image=1)
    page.button("Edit this").click()
    page.wait("return document.querySelector('#snnviz').snnviz.state.image === 'own'")
    images = samples[1].image[np.newaxis, np.newaxis] / np.float32(255)
    record = encoder.encode(images, T)
    assert not record.is_renewal
    for t in (2, T - 1):
        counts = page.js(
            "const {own, report} = document.querySelector('#snnviz').snnviz;"
            "return [...report.spikes(own).count(arguments[0])]", t
        )  # fmt: skip
        expected = record.count(t)[0]
        assert 0 < expected.mean() < t + 1
        np.testing.assert_array_equal(counts, expected.ravel())
    assert page.complaints() == []
