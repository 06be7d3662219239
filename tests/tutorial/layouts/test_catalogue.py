"""Every form of file in docs/checkpoints.md opens as the page says."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.layouts import load_checkpoint
from tests.tutorial.layouts.catalogue import ENTRIES, table, written
from tests.tutorial.layouts.networks import SIDE, T, simulate, weights


def expected_counts(images, steps, v_threshold, tau):
    """Spikes of the encoder summed over all steps, by a plain loop."""
    state = weights()
    norm = {key: state[f"static_conv.1.{key}"] for key in ("running_mean", "running_var")}
    x = F.conv2d(images, state["static_conv.0.weight"], padding=1)
    x = F.batch_norm(
        x, **norm, weight=state["static_conv.1.weight"], bias=state["static_conv.1.bias"]
    )
    v, counts = torch.zeros_like(x), torch.zeros_like(x)
    for _ in range(steps):
        v = v + (x - v) / tau if tau else v + x
        fired = v >= v_threshold
        counts += fired
        v = torch.where(fired, torch.zeros_like(v), v)
    return counts


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.group}: {entry.holds}")
def test_it_opens_as_the_page_says(entry, save, tmp_path):
    if entry.saved == "safetensors":
        path = tmp_path / "net.safetensors"
        save_file(entry.make(), path)
    else:
        path = save(entry.make(), legacy=entry.saved == "legacy")

    checkpoint = load_checkpoint(path)

    assert checkpoint.form == entry.form
    assert checkpoint.holds_network == (entry.opens == "network")
    assert checkpoint.neurons_from == ("file" if entry.neurons else "assumed")
    assert checkpoint.recorded_T == entry.steps
    untold = entry.opens == "encoder" and not entry.neurons
    assert untold == any("stride 1, padding 1" in note for note in checkpoint.notes)
    images = torch.rand(2, 1, SIDE, SIDE + 3, generator=torch.Generator().manual_seed(5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        record = load_encoder(checkpoint).encode(images, T)
    config = checkpoint.config
    expected = expected_counts(images, T, config.v_threshold, config.tau)
    assert 0 < expected.mean() < T
    wrong = (torch.from_numpy(record.count(T - 1)) != expected).float().mean()
    # Weights of 16 bits are other weights; beside them the plain loop rounds as the neuron does.
    assert wrong <= (0.02 if "16" in entry.holds else 0)
    if entry.opens == "network" and config.tau is None and "16" not in entry.holds:
        x = images[..., :SIDE]
        with torch.no_grad():
            rates = checkpoint.build_network()(x)
        assert torch.equal(rates, simulate(weights(), x, config.T))


def test_the_page_shows_all_of_them():
    assert written() == table()  # or: python -m tests.tutorial.layouts.catalogue --write
