"""`record` of networks of the corpus: other steps, all layers, two places, any company."""

from collections import defaultdict

import numpy as np
import pytest
import torch

from snnviz.adapters.network import split_encoder
from snnviz.adapters.recording import list_layers, record
from snnviz.errors import SnnvizError
from tests.adapters.catalogue import expected
from tests.adapters.zoo import MISSING, NETWORKS, images

pytestmark = pytest.mark.filterwarnings("ignore")

BY_NAME = {network.name: network for network in NETWORKS}
# Zoos' networks are large, and take their time.
FREE = [
    network
    for network in NETWORKS
    if not network.refused
    and "loop" not in network.form
    and network.origin in {"constructor", "own module"}
]
# A residual, a shortcut, several axes, cells, states by hand, a loop, functional code.
SEVERAL = [
    "spikingjelly/sew_resnet18_add",
    "spikingjelly/ms_resnet18",
    "spikingjelly/spikformer",
    "snntorch/two_branches",
    "snntorch/conv_tutorial",
    "snntorch/residual",
    "norse/convnet",
    "norse/residual",
    "norse/task_mnist",
    "sinabs/iaf",
    "sinabs/converted_steps",
]


def by_name(*names):
    found = [BY_NAME[name] for name in names if name in BY_NAME]
    return pytest.mark.parametrize("network", found, ids=lambda network: network.name)


def heard(network, net, still, T):
    """What each module emits in the user's own run, call by call, the first called first."""
    found = defaultdict(list)

    def hook(name):
        def keep(_, __, output):
            first = output[0] if isinstance(output, tuple) else output
            if isinstance(first, torch.Tensor):
                found[name].append(first.detach().clone())

        return keep

    handles = [module.register_forward_hook(hook(name)) for name, module in net.named_modules()]
    with torch.no_grad():
        network.run(net.eval(), still, T)
    # Networks share what is a default of their constructors, such as surrogate functions.
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.slow  # all of them together
@pytest.mark.parametrize("network", FREE[1::4], ids=lambda network: network.name)
def test_another_number_of_steps_is_right_or_refused(network):
    T = network.T + 3
    try:
        want = expected(network, 3, T)
    except Exception:  # noqa: BLE001 - its framework cannot run it so
        with pytest.raises(SnnvizError, match=r"\bT\b"):
            record(network.build(), images(network), T)
        return
    (found,) = record(network.build(), images(network), T).values()
    assert np.array_equal(found.steps(), want)
    assert np.array_equal(split_encoder(network.build()).encode(images(network), T).steps(), want)


def test_an_encoder_of_a_loop_makes_more_steps_than_the_loop():
    network = BY_NAME["spikingjelly/own/static_encoder_lif"]
    encoder = split_encoder(network.build())
    longer = encoder.encode(images(network), 3 * network.T).steps()
    assert np.array_equal(longer[: network.T], expected(network))
    assert longer[network.T :].any()


@by_name(*SEVERAL)
def test_all_layers_emit_what_hooks_hear(network):
    N, T = 3, network.T
    recording = record(network.build(), images(network, N), T, layers="all")
    net = network.build()
    calls = heard(network, net, images(network, N), T)
    kinds = dict(net.named_modules())
    assert len(recording) > 1
    assert [info.name for info in recording.layers] == list(recording)
    names = list(recording)
    assert names == [name for name in calls if name in names]
    for info in recording.layers:
        found, steps = recording[info.name], calls[info.name]
        if len(steps) == T > 1:
            want = torch.stack(steps)
        elif network.framework == "sinabs":
            want = steps[0].reshape(N, T, *info.shape).transpose(0, 1)
        else:
            want = steps[0].reshape(T, N, *info.shape)
        assert found.shape == (N, *info.shape)
        assert type(kinds[info.name]).__name__ == info.kind
        assert np.array_equal(found.steps(), want.double().numpy()), info.name
    assert sum(info.first for info in recording.layers) == 1
    assert next(info.name for info in recording.layers if info.first) == network.layer
    assert list_layers(network.build(), images(network, 2), T) == recording.layers


@by_name("spikingjelly/own/shared", "norse/shared_cell", "snntorch/shared_neuron")
def test_an_object_at_two_places_has_two_records(network):
    T, N = network.T, 3
    recording = record(network.build(), images(network, N), T, layers="all")
    places = [name for name in recording if name.partition("#")[0] == network.layer]
    assert places == [network.layer, f"{network.layer}#2"]
    calls = heard(network, network.build(), images(network, N), T)[network.layer]
    wants = [calls[0::2], calls[1::2]] if len(calls) == 2 * T else [calls[:1], calls[1:]]
    for name, want in zip(places, wants, strict=True):
        stacked = torch.stack(want) if len(want) == T else want[0]
        assert np.array_equal(recording[name].steps(), stacked.numpy()), name
    assert not np.array_equal(recording[places[0]].steps(), recording[places[1]].steps())
    second = record(network.build(), images(network, N), T, layers=places[1])
    assert np.array_equal(second[places[1]].steps(), recording[places[1]].steps())


# Their last bits depend on how many images are computed at once, but for chunks of one size.
WIDE = ["spikingjelly/sew_resnet18_add", "norse/mobilenet_v2", "sinabs/iaf_squeeze_three",
        "snntorch/leaky_subtract", "spikingjelly/node/psn"]  # fmt: skip


@pytest.mark.slow
@by_name(*WIDE)
def test_an_image_has_one_record_in_whatever_company(network):
    many = images(network, 40)
    for run in (
        lambda some: next(iter(record(network.build(), some, network.T).values())),
        lambda some: split_encoder(network.build()).encode(some, network.T),
    ):
        together = run(many).steps()
        assert together.shape[1] == 40
        for part in (slice(0, 1), slice(13, 20), slice(39, 40)):
            assert np.array_equal(run(many[part]).steps(), together[:, part])
        turned = run(many.flip(0)).steps()
        assert np.array_equal(turned[:, ::-1], together)


def test_the_corpus_is_there():
    assert MISSING or all(name in BY_NAME for name in (*SEVERAL, *WIDE))
