"""Long exports: in several processes, interrupted in every way, taken up again."""

import json
import os
import resource
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image

from snnviz.data import Sample, garments
from snnviz.errors import ConfigError, ExportError
from snnviz.export import FigureSetOptions, sheets, write_figure_sets
from snnviz.files import write_bytes
from snnviz.folders import output
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.commands import one_line_of_ranks, ranks, start, status_of
from tests.export.folders import contents
from tests.lively import lively

OPTIONS = FigureSetOptions(T=3, at=(2,), formats=("png", "npz"), dpi=60)
COUNT = 300  # enough for seconds of work, so that an interruption comes in the middle
COMMAND = ("visualize", "--dataset", "garments", "-T", "3", "--at", "2", "--format", "png",
           "--format", "npz", "--dpi", "60", "--n-images", str(COUNT))  # fmt: skip


def wait_for_files(folder, count, process):
    while process.poll() is None and len(list(folder.glob("*/*.png"))) < count:
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert status_of(*COMMAND, "--out-dir", out, "-q") == 0
    return contents(out)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def samples():
    return list(garments(COUNT).samples(range(COUNT)))


@pytest.mark.slow
def test_several_threads_write_the_same(whole, tmp_path):
    assert status_of(*COMMAND, "--out-dir", tmp_path / "out", "-q", "-j", 2) == 0
    assert contents(tmp_path / "out") == whole
    assert len(whole) == 3 * COUNT + 1


@pytest.mark.slow
def test_ranks_write_the_same(whole, tmp_path):
    result = ranks(2, *COMMAND, "--out-dir", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert contents(tmp_path / "out") == whole
    assert result.stdout.count("figure sets") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--n-images", 0), "neither a number"),
        (("--n-images", 2), "not empty"),
        (("--n-images", 2, "--resume", "--dpi", 61), "dpi (was 60, is 61)"),
        # Rank 1 alone draws the second image, for which there is no folder.
        (("--n-images", 2, "--resume"), "cannot make the folder"),
    ],
)
def test_ranks_refuse_in_one_line(arguments, words, tmp_path):
    """torchrun adds a report of its own, which names no line of snnviz."""
    out = tmp_path / "out"
    assert status_of(*COMMAND, "--n-images", 2, "--out-dir", out, "-q") == 0
    if "folder" in words:
        shutil.rmtree(out / "00001")
        (out / "00001").touch()
    before = contents(out)
    del before["manifest.json"]
    result = ranks(2, *COMMAND, *arguments, "--out-dir", out)
    assert result.returncode == 1
    assert words in one_line_of_ranks(result.stderr)
    assert "figure sets" not in result.stdout
    left = contents(out)
    assert {name: left.get(name) for name in before} == before


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    net = lively(build_network(NetworkConfig(T=2, channels=8)))
    path = tmp_path_factory.mktemp("network") / "net.pth"
    torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, path)
    return path


@pytest.mark.slow
def test_ranks_predict_select_and_draw_sheets_as_one_process_does(network_file, tmp_path):
    command = (*COMMAND, "--ckpt", network_file, "-q", "--n-images", 90)
    for name, more in (("chosen", ("--select", "wrong", "--n-images", 85)), ("first", ())):
        alone, shared = tmp_path / name, tmp_path / f"{name} shared"
        assert status_of(*command, *more, "--sheet", "--out-dir", alone) == 0
        expected = contents(alone)
        assert b'"predicted"' in expected["manifest.json"]
        assert {"sheet_000.png", "sheet_001.png"} <= expected.keys()  # a page for each rank
        result = ranks(2, *command, *more, "--sheet", "--out-dir", shared)
        assert result.returncode == 0, result.stderr
        assert contents(shared) == expected
    # Two ranks go on with what one process began; what is whole is not drawn again.
    for name in ("sheet_001.png", "00003/input.png", "00010/counts_t2.png"):
        (alone / name).unlink()
    whole_sets = [
        path for path in alone.glob("*/*.png") if path.parent.name not in ("00003", "00010")
    ]
    before = {path: path.stat().st_mtime_ns for path in whole_sets}
    result = ranks(2, *command, "--sheet", "--resume", "--out-dir", alone)
    assert result.returncode == 0, result.stderr
    assert contents(alone) == expected
    assert {path: path.stat().st_mtime_ns for path in whole_sets} == before


@pytest.mark.slow
def test_a_mistake_while_the_network_predicts_is_one_line(network_file, tmp_path):
    """The process ends while a thread computes with torch."""
    out = tmp_path / "out"
    process = start(*COMMAND, "--ckpt", network_file, "--at", 99, "--out-dir", out)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "step 99 is not in 0..2" in err
    assert err.count("\n") == 1
    assert not out.exists()


@pytest.mark.slow
def test_an_interrupted_run_goes_on_without_drawing_anything_again(encoder, samples, tmp_path):
    write_figure_sets(encoder, samples, tmp_path / "whole", OPTIONS)

    def interrupt(_phase, done, _total):
        if done >= COUNT // 2:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write_figure_sets(encoder, samples, out, OPTIONS, progress=interrupt)
    assert not (out / "manifest.json").exists()
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    assert 0 < len(before) < 3 * COUNT
    write_figure_sets(encoder, samples, out, OPTIONS, resume=True)
    assert contents(out) == contents(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    # A finished run is checked, and what is missing is drawn again.
    (out / "00007" / "input.png").unlink()
    write_figure_sets(encoder, samples, out, OPTIONS, resume=True)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_counts_what_is_written(jobs, encoder, samples, tmp_path):
    """And not what is encoded, which is far ahead of it."""
    reports = []

    def report(phase, done, total):
        written = len(list(tmp_path.glob("*/counts.npz")))
        assert done <= written
        reports.append((phase, done, total))

    write_figure_sets(encoder, samples[:20], tmp_path, OPTIONS, jobs=jobs, progress=report)
    assert reports == [("figures", done, 20) for done in (0, 8, 16, 20, 20)]
    reports.clear()
    for gone in (3, 17):
        (tmp_path / f"{gone:05d}" / "counts.npz").unlink()
    write_figure_sets(
        encoder, samples[:20], tmp_path, OPTIONS, jobs=jobs, resume=True, progress=report
    )
    assert reports == [("figures", done, 20) for done in (3, 20, 20)]


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "files"), [(1, 1), (1, 130), (2, 75)])
def test_killed_at_any_moment_every_file_is_whole_or_absent(jobs, files, whole, tmp_path):
    out = tmp_path / "out"
    process = start(*COMMAND, "--out-dir", out, "-j", jobs)
    wait_for_files(out, files, process)
    process.kill()
    process.communicate()
    time.sleep(0.5)  # workers notice that their parent is gone
    left = contents(out)
    assert "manifest.json" not in left
    for name, data in left.items():
        assert name.rpartition("/")[2].startswith(".") or data == whole[name], name
    assert status_of(*COMMAND, "--out-dir", out, "-q", "--resume") == 0
    assert contents(out) == whole


def workers_of(process):
    """Process ids of the children that draw; the others only look after what is shared."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
def test_a_worker_that_is_killed_is_one_line_and_can_be_resumed(tmp_path):
    """Processes draw what matplotlib draws."""
    command = (*COMMAND, "--n-images", 40, "--kind", "first-spike", "--channel", "0-7")
    assert status_of(*command, "--out-dir", tmp_path / "whole", "-q") == 0
    whole, out = contents(tmp_path / "whole"), tmp_path / "out"
    process = start(*command, "--out-dir", out, "-j", 2)
    wait_for_files(out, 10, process)
    workers = workers_of(process)
    assert len(workers) == 2
    os.kill(workers[1], signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "a worker process died" in err
    assert "--resume" in err
    left = contents(out)
    assert "manifest.json" not in left
    for name, data in left.items():
        assert name.rpartition("/")[2].startswith(".") or data == whole[name], name
    assert status_of(*command, "--out-dir", out, "-q", "--resume", "-j", 2) == 0
    assert contents(out) == whole


@pytest.mark.slow
def test_a_second_run_in_the_same_folder_is_one_line(whole, tmp_path, capsys):
    out = tmp_path / "out"
    process = start(*COMMAND, "--out-dir", out)
    try:
        wait_for_files(out, 3, process)
        for flag in ("--resume", "--overwrite"):
            assert status_of(*COMMAND, "--out-dir", out, "-q", flag) == 1
            err = capsys.readouterr().err
            assert err.count("\n") == 1
            assert "another run is writing to" in err
        assert process.poll() is None
    finally:
        _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert contents(out) == whole


def test_a_run_killed_before_it_began_is_not_in_the_way(encoder, samples, tmp_path):
    (tmp_path / ".lock").touch()
    write_figure_sets(encoder, samples[:1], tmp_path, OPTIONS)
    assert not (tmp_path / ".lock").exists()
    (tmp_path / "b").mkdir()
    for name in (".lock", "thesis.tex"):
        (tmp_path / "b" / name).touch()
    with pytest.raises(ExportError, match="not empty"):
        write_figure_sets(encoder, samples[:1], tmp_path / "b", OPTIONS)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(whole, tmp_path):
    out = tmp_path / "out"
    process = start(*COMMAND, "--out-dir", out, "-j", 2, start_new_session=True)
    wait_for_files(out, 10, process)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all processes of the group
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.count("\n") == 1
    assert "--resume" in err
    assert not list(out.rglob(".*.part"))
    assert status_of(*COMMAND, "--out-dir", out, "-q") == 1  # not by accident
    assert status_of(*COMMAND, "--out-dir", out, "-q", "--resume") == 0
    assert contents(out) == whole


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_can_be_resumed(whole, tmp_path):
    out = tmp_path / "out"
    limit = 10_000  # bytes a file; counts.npz is larger
    process = start(
        *COMMAND, "--out-dir", out,
        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "cannot write" in err
    for name, data in contents(out).items():
        assert name == ".unfinished.json" or data == whole[name]
    assert status_of(*COMMAND, "--out-dir", out, "-q", "--resume") == 0
    assert contents(out) == whole


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"T": 4}, "T (was 3, is 4)"),
        ({"dpi": 61}, "dpi (was 60, is 61)"),
        ({"labels": True}, "labels (was False, is True)"),
        ({"at": (0,)}, "at (was [2], is [0])"),
    ],
)
def test_another_option_is_refused(change, words, encoder, samples, tmp_path):
    write_figure_sets(encoder, samples[:2], tmp_path, OPTIONS, made_from={"checkpoint": "a"})
    before = contents(tmp_path)
    with pytest.raises(ConfigError) as caught:
        write_figure_sets(encoder, samples[:2], tmp_path, replace(OPTIONS, **change),
                          made_from={"checkpoint": "a"}, resume=True)  # fmt: skip
    assert words in str(caught.value)
    with pytest.raises(ConfigError, match=r"checkpoint \(was a, is b\)"):
        write_figure_sets(encoder, samples[:2], tmp_path, OPTIONS, made_from={"checkpoint": "b"},
                          resume=True)  # fmt: skip
    with pytest.raises(ConfigError, match=r"images_chosen \(was 2, is 3\)"):
        write_figure_sets(encoder, samples[:3], tmp_path, OPTIONS, made_from={"checkpoint": "a"},
                          resume=True)  # fmt: skip
    with pytest.raises(ConfigError, match="images_sha256"):
        write_figure_sets(
            encoder, samples[1:3], tmp_path, OPTIONS, made_from={"checkpoint": "a"}, resume=True
        )
    assert contents(tmp_path) == before


def test_what_differs_is_one_line_of_the_command(tmp_path, capsys):
    """Another option, another checkpoint of the same name: refused, and the files stay."""

    def draw(*arguments):
        status = status_of("visualize", "--dataset", "garments", "--format", "npz", "--n-images", 1,
                     "--out-dir", tmp_path / "out", "-q", *arguments)  # fmt: skip
        return status, capsys.readouterr().err

    def network(folder, seed):
        path = tmp_path / folder / "network.pth"
        path.parent.mkdir()
        net = build_network(NetworkConfig(T=2, channels=2), seed=seed)
        torch.save({"net": net.state_dict(), "network": net.config.as_dict()}, path)
        return path

    ckpt, other = network("a", 1), network("b", 2)
    assert draw("--ckpt", ckpt) == (0, "")
    before = contents(tmp_path / "out")
    for change, words in (
        (("--ckpt", ckpt, "-T", 3), "T (was 2, is 3)"),
        (("--ckpt", ckpt, "--cmap", "viridis"), "cmap (was gray, is viridis)"),
        (("--ckpt", ckpt, "--index", 5), "images_sha256"),
        (("--ckpt", other), "sha256 (was "),
    ):
        status, err = draw(*change, "--resume")
        assert status == 1
        assert err.count("\n") == 1
        assert err.startswith(f"snnviz: {tmp_path / 'out'} was begun with other ")
        assert words in err
        assert contents(tmp_path / "out") == before
    assert draw("--ckpt", ckpt, "--resume") == (0, "")
    assert contents(tmp_path / "out") == before


def as_bags(samples):
    return (replace(sample, predicted=8) for sample in samples)


def test_predictions_that_are_asked_for_last_are_listed_like_others(encoder, samples, tmp_path):
    drawn = []

    def beside(own):
        def wait():
            drawn.extend(path.name for path in sorted((tmp_path / "b").glob("0*/input.*")))
            return list(as_bags(own))

        return wait

    for name, predict in (("a", as_bags), ("b", beside)):
        write_figure_sets(encoder, samples[:3], tmp_path / name, OPTIONS, predict=predict)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(drawn) == 3


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("selected", [False, True])
def test_a_run_lists_predictions_to_its_end_or_not_at_all(
    before, selected, encoder, samples, tmp_path
):
    """Also where samples bring their predictions along, as those of --select do."""

    def write(*, predictions, resume=False):
        options = {"predict": as_bags} if predictions and not selected else {}
        chosen = list(as_bags(samples[:2])) if predictions and selected else samples[:2]
        write_figure_sets(encoder, chosen, tmp_path, OPTIONS, resume=resume, **options)

    write(predictions=before)
    kept = contents(tmp_path)
    assert (b'"predicted"' in kept["manifest.json"]) == before
    with pytest.raises(ConfigError, match=rf"predictions \(was {before}, is {not before}\)"):
        write(predictions=not before, resume=True)
    assert contents(tmp_path) == kept
    write(predictions=before, resume=True)
    assert contents(tmp_path) == kept


@pytest.mark.parametrize("change", [{"label": 7}, {"class_name": "Schuh"}, {"source": "7.png"}])
def test_an_image_is_more_than_its_pixels(change, encoder, samples, tmp_path):
    write_figure_sets(encoder, samples[:1], tmp_path, OPTIONS)
    with pytest.raises(ConfigError, match="images_sha256"):
        write_figure_sets(encoder, [replace(samples[0], **change)], tmp_path, OPTIONS, resume=True)


def test_files_of_another_matplotlib_are_not_mixed_in(encoder, samples, tmp_path, monkeypatch):
    write_figure_sets(encoder, samples[:1], tmp_path, OPTIONS)
    monkeypatch.setattr(mpl, "__version__", "0.1")
    with pytest.raises(ConfigError, match=r"matplotlib \(was .*, is 0.1\)"):
        write_figure_sets(encoder, samples[:1], tmp_path, OPTIONS, resume=True)


def test_resume_begins_where_nothing_is_and_refuses_what_is_not_its_own(encoder, samples, tmp_path):
    out = tmp_path / "out"
    write_figure_sets(encoder, samples[:1], out, OPTIONS, resume=True)
    assert (out / "manifest.json").exists()
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        write_figure_sets(encoder, samples[:1], tmp_path, OPTIONS, resume=True)
    (out / "manifest.json").write_text("{")
    with pytest.raises(ExportError, match="cannot read"):
        write_figure_sets(encoder, samples[:1], out, OPTIONS, resume=True)


def test_overwriting_leaves_nothing_old_that_could_pass_for_new(encoder, samples, tmp_path):
    write_figure_sets(encoder, samples[:3], tmp_path / "a", OPTIONS)
    other = replace(OPTIONS, cmap="viridis")
    write_figure_sets(encoder, samples[:3], tmp_path / "b", other, predict=iter)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_figure_sets(encoder, samples[:3], tmp_path / "a", other, overwrite=True,
                          predict=interrupt)  # fmt: skip
    write_figure_sets(encoder, samples[:3], tmp_path / "a", other, predict=iter, resume=True)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("flag", ["overwrite", "resume"])
def test_what_a_killed_run_was_writing_is_cleared_away(flag, encoder, samples, tmp_path):
    """Whatever image it was at, also one that the run that follows does not have."""
    write_figure_sets(encoder, samples[:2], tmp_path, OPTIONS)
    before = contents(tmp_path)
    (tmp_path / "00007").mkdir()
    for name in (".manifest.json.x1.part", "00001/.counts.npz.12.part", "00007/.input.png.3.part"):
        (tmp_path / name).write_bytes(b"half")
    kept = tmp_path / "00007" / "notes.part"
    kept.touch()
    write_figure_sets(encoder, samples[:2], tmp_path, OPTIONS, **{flag: True})
    kept.unlink()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_that_is_not_yet_held_holds_nothing_old(
    resume, encoder, samples, tmp_path, monkeypatch
):
    """Killed while it takes the folder over: what is left must not pass for the new run's."""
    write_figure_sets(encoder, samples[:3], tmp_path / "a", OPTIONS)
    other = replace(OPTIONS, cmap="viridis")
    write_figure_sets(encoder, samples[:3], tmp_path / "b", other)
    (tmp_path / "a" / "manifest.json").unlink()

    def die(data, path):
        if b"clearing" not in data:
            raise KeyboardInterrupt
        return write_bytes(data, path)

    with monkeypatch.context() as patched:
        patched.setattr(output, "write_bytes", die)
        with pytest.raises(KeyboardInterrupt):
            write_figure_sets(
                encoder, samples[:3], tmp_path / "a", other, overwrite=True, resume=resume
            )
    assert not list((tmp_path / "a").glob("*/*"))
    write_figure_sets(encoder, samples[:3], tmp_path / "a", other, overwrite=True, resume=resume)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize(
    ("label", "predicted", "wrong"),
    [(3, 3, False), (3, 0, True), (0, 3, True), (None, 3, False), (3, None, False)],
)
def test_only_a_label_can_be_missed(label, predicted, wrong):
    """A picture has no label, and what a network takes it for is no mistake."""
    sample = replace(next(garments(1).samples([0])), label=label, predicted=predicted)
    assert sheets._is_wrong(sample) == wrong


def test_pages_hold_few_of_large_pictures():
    sizes = [(28, 28)] * 90 + [(256, 256)] * 20 + [(900, 2000)] * 9
    samples = [Sample(n, np.zeros(size, np.uint8)) for n, size in enumerate(sizes)]
    pages = list(sheets._pages(samples))
    assert [len(page) for page in pages] == [80, 10, 16, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert [sample for page in pages for sample in page] == samples


def test_sheets_show_every_image(encoder, tmp_path):
    samples = list(garments(90).samples(range(90)))
    options = replace(OPTIONS, formats=("png",), sheet=True)
    write_figure_sets(encoder, samples, tmp_path, options)
    listed = json.loads((tmp_path / "manifest.json").read_text())
    assert listed["sheets"] == ["sheet_000.png", "sheet_001.png"]
    sizes = []
    for name in listed["sheets"]:
        with Image.open(tmp_path / name) as page:
            sizes.append(page.size)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] > 2 * sizes[1][1]  # 80 images, and ten
    before = contents(tmp_path)
    (tmp_path / "sheet_001.png").unlink()
    write_figure_sets(encoder, samples, tmp_path, options, resume=True)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_several_processes_draw_the_same_sheets(encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "_WORTHWHILE", 1)
    drawn_here = []
    monkeypatch.setattr(sheets, "render", lambda _figure, form: drawn_here.append(form) or b"")
    samples = list(garments(90).samples(range(90)))
    options = replace(OPTIONS, formats=("png", "svg"), sheet=True)
    done = []
    for folder, jobs in (("many", 2), ("one", 1)):
        write_figure_sets(
            encoder,
            samples,
            tmp_path / folder,
            options,
            jobs=jobs,
            progress=lambda phase, n, total: done.append((n, total)) if phase == "sheets" else None,
        )
        assert drawn_here == []  # by the workers, which import `render` anew
        monkeypatch.undo()
    assert done == [(1, 2), (2, 2)] * 2
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


@pytest.mark.parametrize("indices", [(0, 0), (3, -1)])
def test_each_image_needs_a_folder_of_its_own(indices, encoder, tmp_path):
    images = garments(2).images
    samples = [Sample(index, image) for index, image in zip(indices, images, strict=True)]
    with pytest.raises(ConfigError, match="give each one of its own"):
        write_figure_sets(encoder, samples, str(tmp_path / "out"), OPTIONS)
    assert not (tmp_path / "out").exists()
