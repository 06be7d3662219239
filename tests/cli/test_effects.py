"""Options that change nothing where they were given."""

import importlib

import pytest

from snnviz.cli import COMMANDS, effects, main


def said(command, *arguments):
    """What is said of the options, without running the command."""
    found = importlib.import_module(f"snnviz.cli.{command}").command
    with found.make_context(command, [*map(str, arguments)]) as ctx:
        return list(effects.ineffective(ctx))


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("visualize", ["--neuron", "1,2,3"], "--neuron has no effect without --kind raster"),
        ("visualize", ["--seed", 0], "--seed has no effect without --shuffle"),
        ("visualize", ["--max-side", 9], "--max-side has no effect without --image"),
        ("visualize", ["--image", "a", "--split", "test"], "--split has no effect with --image"),
        ("visualize", ["--image", "a", "--seed", 3], "--seed has no effect with --image"),
        ("visualize", ["--index", 3, "--n-images", 9], "--n-images has no effect with --index"),
        ("visualize", ["--kind", "raster", "--rows", 3], "--rows has no effect without a grid"),
        ("visualize", ["--kind", "kernels", "--at", 0], "--at has no effect without pictures"),
        ("visualize", ["--format", "npz", "--dpi", 50], "--dpi has no effect where npz is"),
        ("visualize", ["--format", "npz", "--width", "3in"], "--width has no effect where npz is"),
        ("visualize", ["--format", "npz", "--no-title"], "--no-title has no effect where npz is"),
        ("visualize", ["--format", "npz", "--compose"], "--compose has no effect where npz is"),
        ("visualize", ["--kind", "spikes", "--cmap", "hot"], "--cmap has no effect without"),
        ("evaluate", ["--format", "svg"], "--format has no effect without --figures"),
        ("robustness", ["--format", "svg"], "--format has no effect without --figures"),
        ("attribution", ["--shown", 3], "--shown has no effect without --figures or --json"),
        ("attribution", ["--method", "saliency", "--layer", "x"], "--layer has no effect without"),
        (
            "timing",
            ["--fisher-images", 0, "--cka-images", 0, "--seed", 1],
            "--seed has no effect with --fisher-images 0 and --cka-images 0",
        ),
        ("analyze", ["--no-figures", "--format", "svg"], "--format has no effect with --no-fig"),
        ("analyze", ["--max-side", 9], "--max-side has no effect without --image"),
        ("train", ["-opt", "Adam", "-momentum", 0.9], "--momentum has no effect with Adam"),
        ("train", ["-step_size", 3], "--step-size has no effect with CosALR"),
        ("train", ["-gamma", 0.5], "--gamma has no effect with CosALR"),
        ("train", ["-lr_scheduler", "StepLR", "-T_max", 9], "--t-max has no effect with StepLR"),
        ("train", ["--sync-bn"], "--sync-bn has no effect without torchrun"),
        ("train", ["-save-es", "x"], "--save-es has no effect here"),
        ("train", ["--dataset", "garments", "-data_dir", "x"], "--data-dir has no effect with"),
        ("evaluate", ["--dataset", ".", "--data-dir", "x"], "--data-dir has no effect with a fold"),
    ],
)
def test_what_changes_nothing_is_named(command, arguments, sentence):
    (found,) = said(command, *arguments)
    assert found.startswith(sentence)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        # The tutorial's own lines.
        ("train", ["-data_dir", "x", "-amp", "-opt", "SGD", "-j", "8", "-T_max", "64"]),
        ("train", ["-opt", "Adam", "-lr", "0.001", "-lr_scheduler", "StepLR", "-step_size", "9"]),
        ("train", ["-opt", "SGD", "-momentum", "0.5"]),
        ("visualize", ["--kind", "raster", "--kind", "counts", "--neuron", "1,2,3", "--rows", "2"]),
        ("visualize", ["--shuffle", "--seed", "3", "--n-images", "9", "-j", "2"]),
        ("visualize", ["--format", "npz", "--format", "png", "--dpi", "50", "--at", "1"]),
        ("visualize", ["--image", "a", "--max-side", "9"]),
        ("visualize", ["--dataset", ".", "--max-side", "9"]),
        ("analyze", ["--image", "a", "--dataset", "garments", "--split", "train"]),
        ("evaluate", ["--figures", "x", "--format", "svg"]),
    ],
)
def test_what_has_an_effect_is_not(command, arguments, monkeypatch):
    assert said(command, *arguments) == []
    monkeypatch.setenv("SNNVIZ_VISUALIZE_SEED", "3")
    assert said(command, *arguments) == [], "only what is typed"


def test_every_rule_is_of_options_there_are():
    assert set(effects._RULES) == set(COMMANDS)
    for command, rules in effects._RULES.items():
        parameters = importlib.import_module(f"snnviz.cli.{command}").command.params
        names = {parameter.name for parameter in parameters}
        assert all(set(rule.names) <= names for rule in rules)


def test_a_mistake_stays_one_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["visualize", "--image", tmp_path / "missing.png", "--dataset", "garments"]
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "missing.png" in line


def test_they_are_printed_once(capsys):
    command = importlib.import_module("snnviz.cli.visualize").command
    with command.make_context("visualize", ["--seed", "3"]) as ctx:
        effects.say_ineffective(ctx)
        effects.say_ineffective(ctx)
    assert capsys.readouterr().err == "snnviz: --seed has no effect without --shuffle\n"
    with command.make_context("visualize", ["--seed", "3", "-q"]) as ctx:
        effects.say_ineffective(ctx)
    assert capsys.readouterr().err == ""
