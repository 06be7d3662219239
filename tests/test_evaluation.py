"""Evaluation and prediction against a plain loop."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from snnviz.data import garments
from snnviz.errors import ShapeError
from snnviz.evaluation import evaluate, predict, with_predictions
from snnviz.network import NetworkConfig, build_network
from tests.lively import lively


@pytest.fixture(scope="module")
def test_set():
    return garments(30, "test")


def test_evaluation_counts_like_a_plain_loop(test_set):
    net = build_network(NetworkConfig(T=3, channels=4), seed=0).train()
    with torch.no_grad():
        net.fc[3].weight.add_(0.2)
    result = evaluate(net, test_set, batch_size=7)
    assert net.training
    net.eval()
    with torch.no_grad():
        rates = torch.cat([net(torch.from_numpy(test_set.batch([n]))) for n in range(30)])
    labels = torch.from_numpy(test_set.labels).long()
    assert result.correct == (rates.argmax(1) == labels).sum().item()
    assert result.total == 30
    assert result.accuracy == result.correct / 30
    assert result.loss == pytest.approx(F.mse_loss(rates, F.one_hot(labels, 10).float()).item())


def test_predictions_are_those_of_single_images(test_set):
    net = lively(build_network(NetworkConfig(T=8, channels=8)))
    classes = predict(net, test_set.images, batch_size=7)
    with torch.no_grad():
        alone = [net(torch.from_numpy(test_set.batch([n]))).argmax().item() for n in range(30)]
    assert classes.tolist() == alone
    assert len(set(alone)) > 1
    assert np.array_equal(predict(net, test_set.images[::-1], batch_size=30), classes[::-1])


def test_predictions_are_refused_to_networks_of_colour_images(test_set):
    net = build_network(NetworkConfig(T=1, channels=2, in_channels=3), seed=0)
    with pytest.raises(ShapeError, match="images of 3 channels, got grey ones"):
        next(with_predictions(net, test_set.samples([0])))
