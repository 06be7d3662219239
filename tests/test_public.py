"""The public surface is a list, and it is cheap to import."""

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import snnviz
from snnviz.cli import COMMANDS
from snnviz.cli.mistakes import reworded
from snnviz.errors import SnnvizError

PUBLIC = {
    "Checkpoint",
    "CheckpointError",
    "ConfigError",
    "ConvSNN",
    "DataError",
    "Encoder",
    "Energy",
    "EnergyReport",
    "EpochResult",
    "ExportError",
    "FigureSetOptions",
    "ImageSet",
    "EvaluationReport",
    "NetworkConfig",
    "Sample",
    "ShapeError",
    "SnnvizError",
    "SpikeRecord",
    "TrainConfig",
    "TrainingError",
    "__version__",
    "accuracies_figure",
    "accuracy_figure",
    "accuracy_over_time_figure",
    "alignment_figure",
    "exciting_figure",
    "operating_point_figure",
    "stability_figure",
    "layer_alignment",
    "LayerAlignment",
    "build_network",
    "channel_importance",
    "class_atlas_figure",
    "comparison_figure",
    "composed_figure",
    "confusion_figure",
    "encoder_diff_figure",
    "encoder_history_figure",
    "evaluate",
    "fashion_mnist",
    "feature_map_figure",
    "firing_rate_figure",
    "first_spike_figure",
    "garments",
    "input_figure",
    "kernel_figure",
    "kernel_history_figure",
    "load_checkpoint",
    "load_encoder",
    "load_picture",
    "load_training_state",
    "loss_figure",
    "evaluation_report",
    "energy_report",
    "membrane_figure",
    "over_time_figure",
    "membrane_potentials",
    "potential_map_figure",
    "raster_figure",
    "rate_histogram_figure",
    "read_curves",
    "reconstruction_figure",
    "render_animation",
    "record_training",
    "attribution",
    "Attribution",
    "attribution_figure",
    "deletion_figure",
    "early_exit_figure",
    "timing",
    "Timing",
    "robustness",
    "Robustness",
    "robustness_figure",
    "save_checkpoint",
    "scorecard_figure",
    "sorted_channels_figure",
    "spike_frames",
    "spike_map_figure",
    "split_encoder",
    "fi_curve_figure",
    "to_input",
    "train",
    "widget",
    "write_figure_sets",
    "Analysis",
    "analyze",
    "baseline_encodings",
    "checkpoint_encodings",
    "encoding_of",
    "write_analysis",
    "League",
    "league",
    "write_league",
    "LayerInfo",
    "Recording",
    "list_layers",
    "record",
}


def test_the_list_is_this():
    assert set(snnviz.__all__) == PUBLIC
    assert set(dir(snnviz)) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_name_is_there_and_documented(name):
    value = getattr(snnviz, name)
    if name != "__version__":
        assert value.__doc__
        assert value.__doc__.split("\n")[0].strip()


def contents():
    """The names that the package's docstring lists, by group."""
    groups = {}
    for group, lines in re.findall(r"^(\w[\w ]*):\n((?:    .*\n)+)", snnviz.__doc__, re.MULTILINE):
        groups[group] = re.findall(r"\w+", " ".join(re.findall(r"^ +(.*?):", lines, re.MULTILINE)))
    return groups


def test_the_docstring_of_the_package_is_its_table_of_contents():
    groups = contents()
    assert {"Images", "Records", "Export", "Analysis", "Training", "Errors"} < set(groups)
    listed = [name for names in groups.values() for name in names]
    assert sorted(listed) == sorted(PUBLIC - {"__version__"})
    assert groups["Errors"] == [name for name in listed if name.endswith("Error")]
    figures = [name for group, names in groups.items() if "Figures" in group for name in names]
    assert set(figures) >= {name for name in listed if name.endswith("_figure")}


def test_what_is_not_there_says_so():
    with pytest.raises(AttributeError, match="no attribute 'surprise'"):
        _ = snnviz.surprise


RENAMED = [
    *(("snnviz", old, new) for old, new in snnviz._RENAMED.items()),
    ("snnviz.analysis", "Coder", "Encoding"),
    ("snnviz.analysis", "Measured", "EncodingMetrics"),
    ("snnviz.analysis", "encoder_coder", "encoding_of"),
    ("snnviz.analysis", "pixel_coders", "pixel_encodings"),
    ("snnviz.figures", "anytime_figure", "accuracy_over_time_figure"),
    ("snnviz.figures", "staircase_figure", "fi_curve_figure"),
    ("snnviz.metrics", "Movement", "WeightChange"),
    ("snnviz.metrics", "movement", "weight_change"),
]


@pytest.mark.parametrize(("module", "old", "new"), RENAMED)
def test_a_name_that_changed_still_works_and_says_the_new_one(module, old, new):
    there = import_module(module)
    assert old not in there.__all__
    assert new in there.__all__
    with pytest.warns(DeprecationWarning, match=rf"^{module}.{old} is called {new} now") as said:
        value = getattr(there, old)
    assert value is getattr(there, new)
    assert said[0].filename == __file__
    getattr(there, new)  # without a warning
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'surprise'"):
        _ = there.surprise


def test_importing_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, snnviz, snnviz.errors, snnviz.records.spikes, snnviz.grid, snnviz.data\n"
        "import snnviz.metrics\n"
        "heavy = {'torch', 'matplotlib', 'spikingjelly', 'torchvision'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import snnviz.figures\n"
        "heavy = {'torch', 'spikingjelly', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_drawing_figure_sets_loads_no_scipy():
    """It takes half a second, as long as all that two images need besides torch."""
    code = (
        "import sys, snnviz.export.folder, snnviz.tutorial.encoder\n"
        "assert not {name for name in sys.modules if name.startswith('scipy')}"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_processes_that_draw_load_no_torch():
    """Each of them would take a second and a half, and 600 MB."""
    code = (
        "import sys, snnviz.export.folder\n"
        "assert not {'torch', 'spikingjelly', 'scipy'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_every_error_is_of_the_family():
    errors = import_module("snnviz.errors")
    for name in dir(errors):
        if name.endswith("Error"):
            assert issubclass(getattr(errors, name), errors.SnnvizError)


# The packages by layer; each imports only from layers before its own, or its own parts.
LAYERS = [
    {"errors", "batching", "compiling", "_renaming", "_version"},
    {"files"},
    {"folders"},
    {"neurons"},
    {"grid"},
    {"display"},
    {"records"},
    {"ranks"},
    {"data"},
    {"metrics"},
    {"device"},
    {"checkpoint"},
    {"adapters"},
    {"baselines"},
    {"scoring"},
    {"figures"},
    {"export"},
    {"analysis"},
    {"report"},
    {"tutorial"},
    {"cli"},
]


def imported(source, *folders):
    """What a module in those folders of the package imports from: its packages, or its names."""
    package = ["snnviz", *folders]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            home = ".".join([*above, *filter(None, [node.module])])
            names = [f"{home}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            top, _, inside = name.partition(".")
            if top == "snnviz":
                yield inside.partition(".")[0]


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("from snnviz.figures.types import Floats", ["figures"]),
        ("from snnviz import figures, cli as top, __version__", ["figures", "cli", "__version__"]),
        ("import numpy, snnviz.tutorial.runs.curves as curves", ["tutorial"]),
        ("import snnviz", [""]),
        ("from . import colors", ["export"]),
        ("from .colors import GREY", ["export"]),
        ("from .. import encoder", ["encoder"]),
        ("def late():\n    from ..data.images import ImageSet", ["data"]),
        ("from snnvizard import figures\nfrom torch import nn", []),
    ],
)
def test_an_import_is_seen_however_it_is_spelled(line, packages):
    assert list(imported(line, "export")) == packages


def test_packages_import_from_earlier_layers_only():
    layer = {name: number for number, names in enumerate(LAYERS) for name in names}
    package = Path(snnviz.__file__).parent
    for path in package.rglob("*.py"):
        own = path.relative_to(package).with_suffix("").parts[0]
        if own.startswith("__"):
            continue
        for name in imported(path.read_text(), *path.relative_to(package).parent.parts):
            other = snnviz._HOMES.get(name, name).partition(".")[0]
            if other not in {own, "__version__"}:
                # The package as a whole comes after all of its parts.
                before = layer.get(other, len(LAYERS))
                assert before < layer[own], f"{path.name} imports {name or 'snnviz'}"


def texts(tree):
    """Every literal text in it, docstrings and f-strings too, with x for values: (line, text)."""
    pieces = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces.update(node.values)
            parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and node not in pieces and isinstance(node.value, str):
            yield node.lineno, node.value


# A word behind one dash or two, but not in the middle of a name.
FLAG = re.compile(r"(?<![\w})-])--?[a-zA-Z][\w-]*")
# No flags of ours: sums, "`n`-th", and what compilers are told.
NO_FLAGS = {"-sum", "-rate", "-th", "-std", "-march", "-fopenmp", "-shared", "-fPIC", "-O3", "-o"}
NO_FLAGS |= {"-ffp-contract", "-pthread", "-x", "-DSTEPS", "-DSTORED", "-Dx", "--std", "--fmad"}


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ('raise ExportError(f"{path} is there, or pass --overwrite")', ["--overwrite"]),
        ('def f(option="--out-dir"):\n    """What `--json` says."""', ["--out-dir", "--json"]),
        ('f"pass --{name}"', ["--x"]),
        ('"leave -cupy out"', ["-cupy"]),
        ('"choose another T with -T, not -b"', ["-T", "-b"]),
        ('"--"; "single-step"; f"{n}-th"; "a - b"; x - y', []),
    ],
)
def test_a_flag_is_seen_however_it_is_put(line, flags):
    assert [flag for _, text in texts(ast.parse(line)) for flag in FLAG.findall(text)] == flags


def test_only_the_command_line_spells_its_flags():
    package = Path(snnviz.__file__).parent
    spelled = {
        f"{path.relative_to(package)}:{line}: {flag}"
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] not in {"cli", "__main__.py"}
        for line, text in texts(ast.parse(path.read_text()))
        for flag in set(FLAG.findall(text)) - NO_FLAGS
    }
    assert not spelled


def test_remedies_name_arguments_that_are_there():
    """In Python those of public functions, and on the command line an option for each."""
    public = [getattr(snnviz, name) for name in PUBLIC - {"__version__"}]
    named = {name for each in public for name in inspect.signature(each).parameters}
    named |= {f"{name}()" for name in PUBLIC} | {"with_predictions()"}
    commands = [import_module(f"snnviz.cli.{name}").command for name in COMMANDS]
    remedies = set()
    for path in Path(snnviz.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
                remedies |= {text for given in node.args[1:] for _, text in texts(given)}
    remedies = {remedy for remedy in remedies if "`x`" not in remedy}
    assert {"pass `overwrite=True`", 'use `device="cpu"`'} < remedies
    for remedy in remedies:
        assert set(re.findall(r"`([\w()]+)", remedy)) <= named, remedy
        said = [str(reworded(SnnvizError("", remedy), command)) for command in commands]
        assert any("`" not in each for each in said), remedy


def test_the_version_and_the_extras_are_declared():
    root = Path(__file__).parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert {"test", "docs", "cupy", "frameworks"} <= set(project["optional-dependencies"])
    assert all(">=" in need for need in project["dependencies"])
    assert f"[{snnviz.__version__}]" in (root / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["ConfigError", "DataError", "ShapeError"])
def test_errors_about_values_are_pythons_own_too(name):
    assert issubclass(getattr(snnviz, name), ValueError)
    assert not issubclass(snnviz.CheckpointError, ValueError)
