"""Folders as commands take them: one run at a time, nothing old beside new."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from snnviz.files import locked
from snnviz.tutorial.layouts import save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line
from tests.kills import contents
from tests.lively import lively

IMAGES = ("--dataset", "garments", "--n-images", 4)
ANALYZE = ("analyze", *IMAGES, "--train-images", 4, "--untrained", 0, "--network-images", 2)


@pytest.fixture
def ckpt(tmp_path):
    net = lively(build_network(NetworkConfig(T=2, channels=2), seed=0))
    return save_checkpoint(
        {"net": net.state_dict(), "network": net.config.as_dict()}, tmp_path / "net.pth"
    )


def write_events(run_folder, tags=("train_acc", "val_acc", "test_acc", "train_loss")):
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(run_folder))
    for epoch in range(2):
        for tag in tags:
            writer.add_scalar(tag, 0.5, epoch)
    writer.close()


@pytest.fixture
def commands(ckpt, tmp_path):
    """What each command that draws into a folder is called with, and what its files are called."""
    write_events(tmp_path / "events")
    return {
        "analyze": (*ANALYZE, "--ckpt", ckpt, "--out-dir", "out", "--no-figures"),
        "curves": ("curves", "events", "--out-dir", "out"),
        "evaluate": ("evaluate", "--ckpt", ckpt, *IMAGES, "--figures", "out"),
        "robustness": ("robustness", *IMAGES, "-T", 2, "--figures", "out"),
        "visualize": ("visualize", "--ckpt", ckpt, *IMAGES, "--out-dir", "out", "--dpi", 50),
    }


NAMES = ("analyze", "curves", "evaluate", "robustness", "visualize")


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_in_use_is_left_alone(name, commands, run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")
    with locked(tmp_path / "out", argument="out_dir"):
        status, out, err = run(*commands[name], "--overwrite")
    assert (status, out) == (1, "")
    assert "another run is writing to out; wait for its end, or choose another --" in one_line(err)
    assert contents(tmp_path / "out") == {"mine": b"kept"}


@pytest.mark.parametrize("name", ["curves", "evaluate", "robustness", "visualize"])
def test_overwriting_with_other_formats_leaves_no_picture_of_before(name, commands, run, tmp_path):
    command = commands[name]
    assert run(*command, "--format", "png", "--format", "svg", "-q")[0] == 0
    (tmp_path / "out" / "mine.png").write_text("kept")
    assert run(*command, "--format", "svg", "--overwrite", "-q")[0] == 0
    left = [path.name for path in (tmp_path / "out").rglob("*.png")]
    assert left == ["mine.png"]
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name[0] == "."] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_broke_off_is_named_until_it_is_begun_anew(name, commands, run, tmp_path, monkeypatch):
    """As a kill does: at the second file of the new set, with no chance to clean up."""
    command = commands[name]
    assert run(*command, "-q")[0] == 0
    whole = contents(tmp_path / "out")
    count = 0

    def die(*_, **__):
        nonlocal count
        count += 1
        if count > 3:
            raise KeyboardInterrupt
        return rename(*_, **__)

    rename = Path.replace
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        assert run(*command, "--overwrite", "-q")[0] == 130
    status, _, err = run(*command, "-q")
    assert status == 1
    assert "that was interrupted; " in one_line(err)
    assert "--overwrite" in err
    assert run(*command, "--overwrite", "-q")[0] == 0
    assert contents(tmp_path / "out") == whole


@pytest.mark.slow
def test_commands_that_share_a_folder_keep_each_others_files(commands, run, tmp_path):
    for name in (*NAMES, *NAMES):
        assert run(*commands[name], "--overwrite", "-q")[0] == 0, name
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"analysis.json", "loss.png", "confusion.png", "00003", "manifest.json"} <= found


@pytest.mark.parametrize(
    "arguments",
    [("--n-images", 2), ("-T", 1), ("--at", 0), ("--kind", "spikes"), ("--format", "npz")],
    ids=str,
)
def test_fewer_or_other_pictures_stand_alone(arguments, commands, run, tmp_path):
    """They are exactly those of a new folder; what is not ours stays, also in an image's folder."""
    command = (*commands["visualize"], "--kind", "counts", "--kind", "kernels", "--sheet", "-q")
    assert run(*command)[0] == 0
    (tmp_path / "out" / "00003" / "notes.txt").write_text("mine")
    assert run(*commands["visualize"], *arguments, "--overwrite", "-q")[0] == 0
    assert run(*commands["visualize"], *arguments, "--out-dir", "new", "-q")[0] == 0
    left = contents(tmp_path / "out")
    assert left.pop("00003/notes.txt") == b"mine"
    left.pop("00003")
    new = contents(tmp_path / "new")
    new.pop("00003", None)
    assert left == new


@pytest.mark.parametrize("listed", [True, False])
def test_an_interrupted_export_leaves_none_of_its_pictures(listed, commands, run, tmp_path):
    """Also one of an earlier version, whose mark did not list them."""
    assert run(*commands["visualize"], "-q")[0] == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    files = [f"{each['folder']}/{name}" for each in manifest.pop("sets") for name in each["files"]]
    (tmp_path / "out" / "manifest.json").unlink()
    (tmp_path / "out" / "00002" / "thesis.tex").write_text("mine")
    mark = {**manifest, "files": files} if listed else manifest
    (tmp_path / "out" / ".unfinished.json").write_text(json.dumps(mark))
    assert run(*commands["visualize"], "--index", 9, "--overwrite", "-q")[0] == 0
    left = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert left == {
        "manifest.json", "00002/thesis.tex",
        *(f"00009/{name}.png" for name in ("input", "counts_t0", "counts_t1")),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["curves", "evaluate"])
def test_figures_of_an_earlier_version_are_told_from_others(name, commands, run, tmp_path):
    assert run(*commands[name], "-q")[0] == 0
    (manifest,) = (tmp_path / "out").glob("manifest_*.json")
    manifest.unlink()
    assert run(*commands[name], "--format", "svg", "--overwrite", "-q")[0] == 0
    assert not list((tmp_path / "out").glob("*.png"))
    (other,) = [
        file for file in ("loss", "confusion") if (tmp_path / "out" / f"{file}.svg").exists()
    ]
    foreign = tmp_path / "out" / f"{'test_acc' if other == 'loss' else 'firing_rate'}.pdf"
    foreign.write_text("mine")
    manifest.unlink()
    assert run(*commands[name], "--overwrite", "-q")[0] == 0
    assert foreign.read_text() == "mine", "alone it is not what such a run writes"


def test_numbers_are_written_by_one_at_a_time(commands, run, tmp_path):
    command = (*commands["evaluate"][:-2], "--json", "below/x.json")
    (tmp_path / "below").mkdir()
    with locked(tmp_path / "below", argument="json", name=".x.json.lock"):
        status, _, err = run(*command)
    assert status == 1
    assert "another run is writing below/x.json; wait for its end" in one_line(err)
    assert not list((tmp_path / "below").iterdir())
    assert run(*command, "-q")[0] == 0
    assert [path.name for path in (tmp_path / "below").iterdir()] == ["x.json"]
    # Numbers and figures that lie in one folder are no obstacle to each other.
    assert run(*commands["evaluate"], "--json", "out/x.json", "-q")[0] == 0
    assert run(*commands["evaluate"], "--json", "out/x.json", "--overwrite", "-q")[0] == 0


@pytest.mark.slow
def test_all_ranks_end_where_the_first_is_turned_away(commands, tmp_path):
    (tmp_path / "out").mkdir()
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    with locked(tmp_path / "out", argument="out_dir"):
        result = subprocess.run(
            [sys.executable, *launcher, "-m", "snnviz", *map(str, commands["analyze"])],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("snnviz: ")]
    assert "another run is writing to out" in line
    assert "snnviz.errors" not in result.stderr, "a traceback of ours"
    assert not list((tmp_path / "out").iterdir())
