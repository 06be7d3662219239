"""The networks of snnTorch, Norse and sinabs do what the corpus says of them, without snnviz."""

import numpy as np
import pytest
import torch

from tests.adapters.zoo.network import Network, images, truth
from tests.adapters.zoo.rest import MISSING, NETWORKS, PACKAGES

if MISSING:
    pytest.skip(
        f"needs {', '.join(PACKAGES)}, got no {', '.join(sorted(MISSING))}: "
        "pip install -e '.[frameworks]'",
        allow_module_level=True,
    )

import sinabs
import snntorch

NAMED = {network.name: network for network in NETWORKS}
RECORDED = [network for network in NETWORKS if not network.refused]


@pytest.mark.parametrize("network", RECORDED, ids=lambda network: network.name)
def test_the_layer_emits_T_steps_of_N_images_that_differ(network: Network):
    T, N = network.T, 3
    spikes = truth(network)
    assert spikes.shape[:2] == (T, N)
    assert 0 < torch.count_nonzero(spikes) < spikes.numel()
    assert not torch.equal(spikes[:, 0], spikes[:, 1])
    values = spikes.unique()
    assert values.min() == 0
    assert len(values) == 2 or torch.equal(values, values.round())
    assert torch.equal(spikes, truth(network))


@pytest.mark.parametrize("network", RECORDED, ids=lambda network: network.name)
def test_the_layer_is_the_first_that_is_called(network: Network):
    net, order = network.build().eval(), []
    for name, module in net.named_modules():
        if type(module).__name__ == network.neuron:
            module.register_forward_hook(lambda *_, name=name: order.append(name))
    with torch.no_grad():
        network.run(net, images(network), network.T)
    assert order[0] == network.layer


@pytest.mark.parametrize("word", ["analog", "sign", "random", "no spiking layer"])
def test_what_is_refused_is_refused_with_reason(word: str):
    refused = [network for network in NETWORKS if network.refused == word]
    assert len(refused) >= 2
    for network in refused:
        if word == "no spiking layer":
            assert network.layer == ""
            continue
        spikes = truth(network)
        if word == "random":
            assert not torch.equal(spikes, truth(network)), network.name
        elif word == "sign":
            assert spikes.min() == -spikes.max() == -1, network.name
        else:
            assert len(spikes.unique()) > 8, network.name
            assert not torch.equal(spikes, spikes.round()), network.name


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_two_builds_are_equal(network: Network):
    one, other = network.build().state_dict(), network.build().state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_build_leaves_the_random_numbers_alone():
    for network in NETWORKS:
        before = torch.random.get_rng_state()
        network.build()
        assert torch.equal(before, torch.random.get_rng_state()), network.name


def test_names_are_unique_and_there_are_enough():
    names = [network.name for network in NETWORKS]
    assert len(set(names)) == len(names)
    recorded = [network.framework for network in RECORDED]
    assert all(recorded.count(name) >= 45 for name in ("snntorch", "norse", "sinabs"))


def test_settings_of_a_neuron_change_its_train():
    for framework, names in {
        "snntorch": ("subtract", "zero", "none", "subtract_now", "beta_one", "graded_now"),
        "norse": ("lif_cell", "lif_box_cell", "lif_cell_rest", "lif_refrac_cell", "lif_ex_cell"),
        "sinabs": ("iaf", "iaf_reset", "iaf_single_spike", "iaf_at_most_two", "iaf_synapse"),
    }.items():
        prefix = f"{framework}/leaky_" if framework == "snntorch" else f"{framework}/"
        trains = [truth(NAMED[prefix + name])[:4] for name in names]
        for index, train in enumerate(trains):
            assert not any(torch.equal(train, other) for other in trains[:index]), names[index]


@pytest.mark.parametrize(
    "name",
    [
        "snntorch/left_over_same_batch",
        "sinabs/left_over_state",
        "sinabs/left_over_squeezed",
        "sinabs/after_training",
    ],
)
def test_what_an_earlier_run_left_would_change_the_train(name: str, monkeypatch):
    network = NAMED[name]
    fresh = truth(network)
    for layer in (snntorch.Leaky, sinabs.layers.StatefulLayer):
        method = "reset_mem" if layer is snntorch.Leaky else "reset_states"
        monkeypatch.setattr(layer, method, lambda *_, **__: None)
    assert not torch.equal(truth(network), fresh)


def _subtract_later(v: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    v = v + drive - (v > 1)
    return v, v > 1


def _reset_at_once(v: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    v = v + drive
    return np.where(v > 1, np.float32(0), v), v > 1


def _several_a_step(v: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    v = v + drive
    count = np.trunc(np.maximum(v, 0))
    return v - count, count


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("snntorch/leaky_beta_one", _subtract_later),
        ("norse/iaf_cell", _reset_at_once),
        ("sinabs/iaf", _several_a_step),
    ],
)
def test_a_few_lines_of_numpy_emit_the_same(name: str, rule):
    network = NAMED[name]
    still, first = images(network), network.build()[0]
    with torch.no_grad():
        if network.form == "[N, T, ...]":
            drive = first(still.unsqueeze(1).repeat(1, network.T, 1, 1, 1))[:, 0].numpy()
        else:
            drive = first(still).numpy()
    v, spikes = np.zeros_like(drive), truth(network).numpy()
    for t in range(network.T):
        v, fired = rule(v, drive)
        np.testing.assert_array_equal(fired, spikes[t], err_msg=f"step {t}")
