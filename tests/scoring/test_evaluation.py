"""Evaluation and prediction against a plain loop."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import snnviz
from snnviz.data import ImageSet, garments
from snnviz.errors import ConfigError, DataError, ShapeError
from snnviz.scoring.evaluation import evaluate
from snnviz.scoring.importance import channel_importance
from snnviz.scoring.predicting import predict, with_predictions
from snnviz.scoring.report import evaluation_report
from snnviz.tutorial.network import NetworkConfig, build_network
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


@pytest.mark.parametrize("measured", [evaluate, evaluation_report, channel_importance])
@pytest.mark.parametrize(
    ("images", "batch_size", "error", "message"),
    [
        (garments(5), 0, ConfigError, "batch size must be at least 1, got 0"),
        (ImageSet("none", np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)), 8, DataError,
         "none holds no images"),
        (ImageSet("few", np.zeros((2, 28, 9), np.uint8), np.zeros(2, np.uint8)), 8, ShapeError,
         r"pixels, few has one of \(28, 9\)"),
        (ImageSet("many", np.zeros((2, 28, 28), np.uint8), np.array([0, 11])), 8, DataError,
         r"class 11, the network knows 0\.\.9"),
        (ImageSet("bare", np.zeros((2, 28, 28), np.uint8)), 8, DataError, "has no labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(measured, images, batch_size, error, message):
    net = build_network(NetworkConfig(T=1, channels=2), seed=0)
    with pytest.raises(error, match=message):
        measured(net, images, batch_size=batch_size)


@pytest.mark.parametrize("measured", [evaluate, evaluation_report])
@pytest.mark.parametrize("training", [True, False])
def test_an_interruption_leaves_the_network_in_its_mode(measured, training, test_set):
    net = build_network(NetworkConfig(T=1, channels=2), seed=0).train(training)

    def interrupt(*_):
        assert not net.training
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(net, test_set, progress=interrupt)
    assert net.training == training


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
    with pytest.raises(ShapeError, match=r"images of \(3, 28, 28\) .*, got \(1, 28, 28\)"):
        next(with_predictions(net, test_set.samples([0])))


@pytest.mark.parametrize("asked", [snnviz.robustness, snnviz.timing, snnviz.energy_report])
def test_images_of_another_size_are_refused_in_one_sentence(asked):
    net = build_network(NetworkConfig(T=2, channels=4), seed=0)
    small = ImageSet("small", np.zeros((4, 20, 24), np.uint8), np.array([0, 1, 2, 3]))
    told = r"takes 1 channel of \(28, 28\) pixels, small has one of \(20, 24\)"
    with pytest.raises(ShapeError, match=told):
        asked(net, small)
