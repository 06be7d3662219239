"""Who may take a folder or a file, and that only one does."""

import re
from dataclasses import replace

import pytest

from snnviz.errors import ExportError
from snnviz.files import locked
from snnviz.folders import Layout, check_folder, hold_file, hold_folder

LAYOUT = Layout("a test", "m.json", ".m.json", re.compile(r"(1/)?a\.txt"), argument="here")


def take(folder, *, overwrite=False):
    with hold_folder(folder, LAYOUT, overwrite=overwrite):
        assert (folder / ".lock").exists()


def test_one_at_a_time(tmp_path):
    with hold_folder(tmp_path, LAYOUT, overwrite=False):
        with pytest.raises(ExportError, match=r"^another run is writing to .* another `here`$"):
            take(tmp_path)
        with pytest.raises(ExportError, match="another run"):
            take(tmp_path, overwrite=True)
    take(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_became_of_the_folder_while_it_was_asked_for_counts(tmp_path, monkeypatch):
    """The other run ends between the first look and the lock."""

    def end_first(*arguments, **options):
        (tmp_path / "a.txt").touch()
        return locked(*arguments, **options)

    monkeypatch.setattr("snnviz.folders.holding.locked", end_first)
    with pytest.raises(ExportError, match="is not empty; choose another with `here`"):
        take(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", [".lock", ".x.json.lock", ".m.json.k2.part", ".a.txt.7.part"])
def test_what_a_run_leaves_that_did_not_begin_is_nothing(name, tmp_path):
    (tmp_path / name).touch()
    take(tmp_path)
    assert not (tmp_path / name).exists() or name == ".x.json.lock"


@pytest.mark.parametrize("name", ["a.txt", "poetry.lock", ".b.txt.7.part", ".hidden"])
def test_anything_else_is_something(name, tmp_path):
    (tmp_path / name).write_text("theirs")
    with pytest.raises(
        ExportError, match=r"is not empty; choose another with `here`, or pass `overwrite=True`$"
    ):
        take(tmp_path)
    take(tmp_path, overwrite=True)
    assert (tmp_path / name).read_text() == "theirs"


def test_half_files_of_ours_go(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    ours = [tmp_path / name for name in (".a.txt.x.part", "1/.a.txt.12.part", ".m.json.y.part")]
    theirs = [tmp_path / name for name in (".b.txt.x.part", "2/.a.txt.3.part", "a.txt.part")]
    for path in (*ours, *theirs):
        path.touch()
    take(tmp_path, overwrite=True)
    assert not any(path.exists() for path in ours)
    assert all(path.exists() for path in theirs)


@pytest.mark.parametrize(
    ("resumes", "remedy"),
    [(True, "go on with `resume=True`, or pass"), (False, "begin it anew with")],
)
def test_an_interrupted_run_is_named_with_what_helps(resumes, remedy, tmp_path):
    layout = replace(LAYOUT, resumes=resumes)
    (tmp_path / ".m.json").write_text("{}")
    with pytest.raises(ExportError, match=f"holds a test that was interrupted; {remedy} `over"):
        check_folder(tmp_path, layout, overwrite=False)
    check_folder(tmp_path, layout, overwrite=True)
    if resumes:
        check_folder(tmp_path, layout, overwrite=False, resume=True)


def test_files_are_taken_one_at_a_time(tmp_path):
    path = tmp_path / "below" / "x[1].json"
    with hold_file(path, overwrite=False, argument="json"):
        (path.parent / ".x[1].json.abc.part").touch()
        with (
            pytest.raises(ExportError, match=r"another run is writing .*x\[1\].json; .* `json`$"),
            hold_file(path, overwrite=True, argument="json"),
        ):
            pass
        path.write_text("first")
    assert {each.name for each in path.parent.iterdir()} == {"x[1].json", ".x[1].json.abc.part"}
    with (
        pytest.raises(ExportError, match="is there already"),
        hold_file(path, overwrite=False, argument="json"),
    ):
        pass
    with hold_file(path, overwrite=True, argument="json"):
        assert path.read_text() == "first"
    assert [each.name for each in path.parent.iterdir()] == ["x[1].json"]
