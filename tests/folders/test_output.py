"""Folders that are taken over: nothing old beside new, nothing foreign lost, nothing unmarked."""

import json
import re

import pytest

from snnviz.errors import ConfigError, ExportError
from snnviz.folders import Layout, check_folder, hold_folder
from tests.kills import contents, restore, states

LAYOUT = Layout(
    run="a test",
    manifest="manifest.json",
    mark=".unfinished.json",
    owned=re.compile(r"(\d+/)?[a-z]\.txt"),
    resumes=True,
)


def files(folder):
    return {name: data for name, data in contents(folder).items() if data is not None}


def write(folder, content, *, overwrite=False, layout=LAYOUT):
    with (
        hold_folder(folder, layout, overwrite=overwrite) as output,
        output.replaced({name: data.encode() for name, data in content.items()}),
    ):
        pass


@pytest.fixture
def folder(tmp_path):
    """What three files of a run and two of others lie in."""
    folder = tmp_path / "out"
    (folder / "1").mkdir(parents=True)
    (folder / "2").mkdir()
    write(folder, {"a.txt": "old a", "1/a.txt": "old 1", "2/b.txt": "old 2"}, overwrite=True)
    (folder / "1" / "thesis.tex").write_text("precious")
    (folder / "c.txt").write_text("foreign, though it is called as ours are")
    return folder


def test_what_is_listed_goes_and_the_rest_stays(folder):
    write(folder, {"b.txt": "new"}, overwrite=True)
    found = contents(folder)
    assert json.loads(found.pop("manifest.json"))["files"] == ["b.txt"]
    assert found == {
        "b.txt": b"new",
        "1": None,
        "1/thesis.tex": b"precious",
        "c.txt": b"foreign, though it is called as ours are",
    }, "the folder 2, which is empty, went too"


def test_killed_at_any_moment_it_is_the_old_run_or_marked(folder, tmp_path):
    old = contents(folder)
    with states(folder) as found:
        write(folder, {"a.txt": "new a", "b.txt": "new b", "1/b.txt": "new 1"}, overwrite=True)
    new = contents(folder)
    assert len(found) > 10
    mixed = 0
    for number, state in enumerate(found):
        there = tmp_path / str(number)
        restore(state, there)
        names = {name for name, data in state.items() if data} - {".lock"}
        if ".unfinished.json" not in names:
            texts = {data for name, data in state.items() if name.endswith(".txt")}
            assert not (b"new a" in texts and b"old 2" in texts)
            assert {b"old a", b"old 1", b"old 2"} <= texts or {b"new a", b"new b"} <= texts
        else:
            mixed += 1
            with pytest.raises(ExportError, match="a test that was interrupted; go on with"):
                check_folder(there, LAYOUT, overwrite=False)
        # Whoever comes next with other files leaves none of the run before, nor of the one killed.
        write(there, {"a.txt": "last"}, overwrite=True)
        left = files(there)
        assert left.pop("manifest.json")
        assert left == {
            "a.txt": b"last",
            "c.txt": old["c.txt"],
            "1/thesis.tex": b"precious",
        }, number
    assert mixed > 5
    assert new["b.txt"] == b"new b"


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "/tmp/outside.txt", "1/../../outside.txt", "link/a.txt", "a.txt/", "", ".",
     "manifest.json", "1", 7, None, ["a.txt"], {"folder": "."}],
    ids=str,
)  # fmt: skip
def test_a_manifest_that_lies_deletes_nothing_elsewhere(name, folder, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("not ours")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text("not ours")
    (folder / "9").symlink_to(tmp_path / "elsewhere")
    names = [name if name != "link/a.txt" else "9/a.txt", str(outside), "2/b.txt"]
    (folder / "manifest.json").write_text(json.dumps({"files": names}))
    write(folder, {"b.txt": "new"}, overwrite=True)
    assert outside.read_text() == (tmp_path / "elsewhere" / "a.txt").read_text() == "not ours"
    assert (folder / "1" / "thesis.tex").exists()
    assert not (folder / "2").exists(), "what it lists besides is ours"


def test_a_link_in_the_place_of_a_file_is_deleted_and_not_what_it_names(folder, tmp_path):
    (tmp_path / "theirs").write_text("not ours")
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path / "theirs")
    write(folder, {"b.txt": "new"}, overwrite=True)
    assert not (folder / "a.txt").is_symlink()
    assert (tmp_path / "theirs").read_text() == "not ours"


@pytest.mark.parametrize("name", ["manifest.json", ".unfinished.json"])
@pytest.mark.parametrize("text", ["{", "[]", "null", "\xff\xfe", "[" * 100_000, ""])
def test_a_list_that_cannot_be_read_is_named(name, text, folder):
    """Or files that it listed would pass for new ones; to delete it is said to keep them."""
    (folder / name).write_bytes(text.encode("latin-1"))
    before = contents(folder)
    with pytest.raises(ExportError, match=rf"cannot read .*{name} .*delete the folder, or that"):
        write(folder, {"b.txt": "new"}, overwrite=True)
    assert contents(folder) == before
    (folder / name).unlink()
    write(folder, {"b.txt": "new"}, overwrite=True)
    assert (folder / "b.txt").read_text() == "new"


def test_a_folder_in_the_place_of_a_list_is_named(folder):
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").mkdir()
    with pytest.raises(ExportError, match=r"cannot read .*manifest.json"):
        write(folder, {"b.txt": "new"}, overwrite=True)


def test_another_kind_of_run_keeps_its_files(folder):
    other = Layout(run="x", manifest="other.json", mark=".x.json", owned=re.compile(r"x\.txt"))
    write(folder, {"x.txt": "theirs"}, overwrite=True, layout=other)
    write(folder, {"b.txt": "new"}, overwrite=True)
    assert (folder / "x.txt").read_text() == "theirs"
    assert not (folder / "a.txt").exists()
    with pytest.raises(ValueError, match="x does not write b"):
        write(folder, {"b.txt": ""}, overwrite=True, layout=other)


def test_files_of_an_earlier_version_are_told_by_the_layout(tmp_path):
    layout = Layout(
        "x", "m.json", ".m.json", re.compile(r"[ab]\.txt"), unlisted=lambda _: ["a.txt"]
    )
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("old")
    write(tmp_path, {}, overwrite=True, layout=layout)
    assert {path.name for path in tmp_path.iterdir()} == {"m.json", "b.txt"}
    # From then on the manifest says what is ours.
    (tmp_path / "a.txt").write_text("foreign")
    write(tmp_path, {}, overwrite=True, layout=layout)
    assert (tmp_path / "a.txt").exists()


def begin(folder, identity, **options):
    with hold_folder(folder, LAYOUT, overwrite=False, resume=True) as output:
        output.begin(["a.txt"], identity, resume=True)
        for name, text in options.items():
            (folder / f"{name}.txt").write_text(text)


def test_a_run_is_gone_on_with_as_it_was_begun(tmp_path):
    folder = tmp_path / "out"
    begin(folder, {"T": 8, "of": {"x": 1, "y": 2}}, a="kept")
    with pytest.raises(ConfigError, match=r"begun with other T \(was 8, is 4\), y \(was 2, is 3\)"):
        begin(folder, {"T": 4, "of": {"x": 1, "y": 3}})
    begin(folder, {"T": 8, "of": {"x": 1, "y": 2}})
    assert (folder / "a.txt").read_text() == "kept"
    # What was being deleted when it was killed is no run to go on with.
    (folder / ".unfinished.json").write_text('{"clearing": true, "files": ["a.txt"]}')
    begin(folder, {"T": 8, "of": {"x": 1, "y": 2}})
    assert not (folder / "a.txt").exists()
