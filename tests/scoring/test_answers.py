"""`evaluate` and `evaluation_report` of any network, against its own stepping."""

import numpy as np
import pytest
import torch
from scipy import stats
from spikingjelly.activation_based import functional, neuron
from torch import nn

import snnviz
from snnviz.errors import ConfigError, DataError
from snnviz.scoring.answers import evaluate, evaluation_report

IMAGES = snnviz.garments(30)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), neuron.IFNode(v_threshold=0.3))


def test_any_network_is_evaluated_by_its_mean_output(net):
    found = evaluate(net, IMAGES, T=5)
    images = torch.from_numpy(IMAGES.batch(range(30)))
    functional.reset_net(net)
    with torch.no_grad():
        answers = sum(net(images) for _ in range(5)).argmax(1).numpy()
    functional.reset_net(net)
    assert (found.correct, found.total) == (int((answers == IMAGES.labels).sum()), 30)
    measured = evaluation_report(net, IMAGES, T=5)
    assert measured.correct == found.correct
    assert len(measured.accuracy_at) == 5
    expected = np.zeros((10, 10), int)
    np.add.at(expected, (IMAGES.labels, answers), 1)
    assert measured.confusion.tolist() == expected.tolist()


def test_normalization_is_the_networks(net):
    shifted = nn.Sequential(nn.Flatten(), net[1], neuron.IFNode(v_threshold=0.3))
    plain = evaluation_report(net, IMAGES, T=5, mean=(0.5,), std=(0.25,))

    class Normalized(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = shifted

        def forward(self, x):
            return self.inner((x - 0.5) / 0.25)

    assert (
        plain.confusion.tolist() == evaluation_report(Normalized(), IMAGES, T=5).confusion.tolist()
    )


def test_the_tutorials_network_is_what_it_was():
    net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4))
    from snnviz.scoring import evaluation, report

    assert evaluate(net, IMAGES) == evaluation.evaluate(net, IMAGES)
    found, expected = evaluation_report(net, IMAGES), report.evaluation_report(net, IMAGES)
    assert found.as_dict() == expected.as_dict()
    with pytest.raises(ConfigError, match="leave out T, mean and std"):
        evaluate(net, IMAGES, T=4)


def test_intervals_are_wilsons(net):
    found = evaluation_report(net, IMAGES, T=5)
    expected = stats.binomtest(found.correct, 30).proportion_ci(method="wilson")
    np.testing.assert_allclose(found.interval, [expected.low, expected.high])
    assert evaluate(net, IMAGES, T=5).interval == found.interval
    assert found.as_dict()["accuracy_interval"] == list(found.interval)


def test_what_has_no_answer_is_refused():
    maps = nn.Sequential(nn.Conv2d(1, 4, 3), neuron.IFNode())
    with pytest.raises(ConfigError, match="scores"):
        evaluate(maps, IMAGES, T=2)
    with pytest.raises(ConfigError, match="no spiking neurons"):
        evaluate(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), IMAGES, T=2)
    unlabelled = snnviz.ImageSet("x", IMAGES.images)
    with pytest.raises(DataError, match="label"):
        evaluate(nn.Sequential(nn.Flatten(), nn.Linear(784, 10), neuron.IFNode()), unlabelled)


def test_progress_is_told_or_drawn(net, capsys):
    told = []
    evaluation_report(net, IMAGES, T=2, progress=lambda *each: told.append(each))
    assert told[-1] == ("evaluate", 30, 30)
    assert capsys.readouterr().err == ""
    evaluation_report(net, IMAGES, T=2, progress=True)
    assert "evaluate: 100%" in capsys.readouterr().err
    evaluate(snnviz.build_network(snnviz.NetworkConfig(T=1, channels=4)), IMAGES, progress=True)
    assert "test: 100%" in capsys.readouterr().err


def test_results_are_told_in_a_few_words(net):
    told = repr(evaluation_report(net, IMAGES, T=5))
    assert "confusion=int64 [10, 10], correct_at=int64 [5]" in told
    assert len(told) < 700
