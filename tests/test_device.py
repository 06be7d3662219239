"""That float32 is float32 where spikes are counted, whatever surrounds it."""

import pytest
import torch
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import garments
from snnviz.device import full_precision
from snnviz.scoring.evaluation import evaluate
from snnviz.scoring.importance import channel_importance
from snnviz.scoring.predicting import predict
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively


@pytest.fixture(scope="module")
def net():
    return lively(build_network(NetworkConfig(T=3, channels=4), seed=1)).eval()


def of_encoding(net):
    return split_encoder(net).encode(garments(8).batch(range(8)), T=9).first_spike.tolist()


def of_evaluation(net):
    found = evaluate(net, garments(40))
    return found.correct, found.loss


def of_report(net):
    found = evaluation_report(net, garments(40))
    return found.loss, found.firing_rate


def of_prediction(net):
    return predict(net, garments(200).images).tolist()


def of_silencing(net):
    return channel_importance(net, garments(40)).correct_without.tolist()


@pytest.mark.parametrize(
    "compute", [of_encoding, of_evaluation, of_report, of_prediction, of_silencing]
)
def test_a_caller_s_autocast_does_not_change_what_counts(compute, net):
    """Nor does TF32: both are left out by the same `full_precision`."""
    entered = []

    def note(_layer, _inputs, output):
        entered.append(output.dtype)

    expected = compute(net)
    hook = nn.modules.module.register_module_forward_hook(note)
    with hook, torch.autocast("cpu", torch.bfloat16):
        assert compute(net) == expected
    assert set(entered) == {torch.float32}


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="torch names it otherwise")
@pytest.mark.parametrize("before", ["tf32", "ieee"])
def test_convolutions_on_a_gpu_leave_tf32_out_and_find_it_again(before):
    conv = torch.backends.cudnn.conv
    usual = conv.fp32_precision
    conv.fp32_precision = before
    try:
        with full_precision("cuda:0"):
            assert conv.fp32_precision == "ieee"
            assert not torch.is_autocast_enabled("cuda")
        assert conv.fp32_precision == before
        with full_precision("cpu"):
            assert conv.fp32_precision == before
    finally:
        conv.fp32_precision = usual


def test_torch_s_older_name_serves_as_well(monkeypatch):
    class Older:
        allow_tf32 = True

    monkeypatch.setattr(torch.backends, "cudnn", Older)
    with full_precision("cuda:0"):
        assert not Older.allow_tf32
    assert Older.allow_tf32
