"""Options that were given and change nothing: a table of them, and one place that says so."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from snnviz.cli.output import note
from snnviz.ranks import is_first_rank

Given = Mapping[str, Any]
# In a context's `meta`: whether it has been said.
_SAID = "snnviz.ineffective"


class _Rule(NamedTuple):
    """Options that have no effect where `holds` of all options, and the words for that."""

    names: tuple[str, ...]
    holds: Callable[[Given], Any]
    where: str


def _lacks(name: str, *values: str) -> Callable[[Given], bool]:
    return lambda given: not set(values) & set(given[name])


def _is_own(dataset: str) -> bool:
    """Whether a data set is a folder or a file of the user's."""
    from snnviz.data import DATASETS

    return dataset not in DATASETS


_PICTURES = _Rule(("max_side",), lambda given: not given["image"], "without --image")
# Whose pictures visualize scales down, too.
_NO_PICTURES = _Rule(
    ("max_side",),
    lambda given: not given["image"] and not Path(given["dataset"]).is_dir(),
    "without --image, or a folder of pictures as --dataset",
)
_DRAWN = _Rule(
    ("data_dir",), lambda given: given["dataset"] == "garments", "with garments, which are drawn"
)
_OWN = _Rule(
    ("data_dir",),
    lambda given: _is_own(given["dataset"]),
    "with a folder or a file as --dataset",
)
# Of the options that choose images one by one.
_SAMPLES = (
    _NO_PICTURES,
    _Rule(
        ("split", "dataset", "size", "data_dir", "n_images", "seed"),
        lambda given: given["image"],
        "with --image",
    ),
    _DRAWN,
    _OWN,
    _Rule(
        ("n_images", "shuffle"),
        lambda given: given["index"],
        "with --index, which names its images",
    ),
    _Rule(("seed",), lambda given: not given["shuffle"], "without --shuffle"),
)
# By command; of several rules that hold for an option the first is said. An option that the
# tutorial's script takes for nothing, such as -j, is in no rule.
_RULES = {
    "visualize": (
        *_SAMPLES,
        _Rule(
            ("neuron",),
            lambda given: given["neuron"].chosen and _lacks("kind", "raster")(given),
            "without --kind raster",
        ),
        _Rule(("normalize", "cmap"), _lacks("kind", "counts"), "without --kind counts"),
        _Rule(("svg_text",), _lacks("format", "svg"), "without --format svg"),
        _Rule(
            ("labels", "rows", "columns"),
            _lacks("kind", "counts", "spikes", "first-spike", "membrane"),
            "without a grid of maps (--kind counts, spikes, first-spike or membrane)",
        ),
        _Rule(
            ("at",),
            lambda given: (
                _lacks("kind", "counts", "spikes", "membrane")(given)
                and "npz" not in given["format"]
            ),
            "without pictures of a step (--kind counts, spikes or membrane)",
        ),
        _Rule(
            (
                *("normalize", "cmap", "labels", "rows", "columns", "dpi", "sheet", "caption"),
                *("channel", "sort", "width", "font_size", "no_title", "no_legend"),
                *("compose", "compare", "match"),
            ),
            lambda given: set(given["format"]) == {"npz"},
            "where npz is the only --format",
        ),
    ),
    "report": _SAMPLES,
    "evaluate": (
        _DRAWN,
        _OWN,
        _Rule(("format",), lambda given: given["figures"] is None, "without --figures"),
    ),
    "energy": (_DRAWN, _OWN),
    "robustness": (
        _DRAWN,
        _OWN,
        _Rule(("format",), lambda given: given["figures"] is None, "without --figures"),
    ),
    "timing": (
        _DRAWN,
        _OWN,
        _Rule(("format",), lambda given: given["figures"] is None, "without --figures"),
        _Rule(
            ("seed",),
            lambda given: not given["fisher_images"] and not given["cka_images"],
            "with --fisher-images 0 and --cka-images 0",
        ),
    ),
    "attribution": (
        _DRAWN,
        _OWN,
        _Rule(("format",), lambda given: given["figures"] is None, "without --figures"),
        _Rule(
            ("shown",),
            lambda given: given["figures"] is None and given["json"] is None,
            "without --figures or --json",
        ),
        _Rule(
            ("layer",),
            lambda given: given["method"] and _lacks("method", "sam", "first-spike")(given),
            "without --method sam or first-spike",
        ),
    ),
    "analyze": (
        _PICTURES,
        _DRAWN,
        _OWN,
        _Rule(("n_images", "probe_images", "size"), lambda given: given["image"], "with --image"),
        _Rule(
            ("format", "figures", "probe_images"),
            lambda given: given["league"],
            "with --league, a table alone",
        ),
        _Rule(("format",), lambda given: not given["figures"], "with --no-figures"),
        _Rule(("sort_by",), lambda given: not given["league"], "without --league"),
    ),
    "curves": (),
    "train": (
        _DRAWN,
        _OWN,
        _Rule(("momentum",), lambda given: given["opt"] == "Adam", "with Adam"),
        _Rule(("decay_input",), lambda given: given["tau"] is None, "without --tau"),
        _Rule(
            ("step_size", "gamma"),
            lambda given: given["lr_scheduler"] == "CosALR",
            "with CosALR; it is for StepLR",
        ),
        _Rule(
            ("t_max",),
            lambda given: given["lr_scheduler"] == "StepLR",
            "with StepLR; it is for CosALR",
        ),
        _Rule(
            ("sync_bn",),
            lambda _: os.environ.get("WORLD_SIZE", "1") == "1",
            "without torchrun and several ranks",
        ),
        _Rule(
            ("deterministic",),
            lambda given: str(given["device"]).startswith("cpu"),
            "on a CPU, which is repeatable",
        ),
        _Rule(("save_es",), lambda _: True, "here; snnviz visualize draws the encoder's spikes"),
    ),
}


def say_ineffective(ctx: click.Context) -> None:
    """Print, once, a line for each option that was given and changes nothing."""
    if is_first_rank() and not ctx.params.get("quiet") and not ctx.meta.setdefault(_SAID, False):
        ctx.meta[_SAID] = True
        for sentence in ineffective(ctx):
            note(sentence)


def ineffective(ctx: click.Context) -> Iterator[str]:
    """A sentence for each option that was given on the command line and changes nothing."""
    said = set()
    parameters = {parameter.name: parameter for parameter in ctx.command.params}
    for rule in _RULES.get(ctx.command.name or "", ()):
        for name in rule.names:
            if name in said or not _is_typed(ctx, name) or not rule.holds(ctx.params):
                continue
            said.add(name)
            yield f"{max(parameters[name].opts, key=len)} has no effect {rule.where}"


def _is_typed(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
