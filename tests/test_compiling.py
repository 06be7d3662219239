"""Compiled C++: which compiler, what is said where there is none, and what is kept."""

import os

import pytest

from snnviz import compiling
from snnviz.compiling import CompilerError, compiled

pytestmark = pytest.mark.skipif(os.name != "posix", reason="compilers that are shell scripts")


def compiler(path, *lines):
    path.write_text("\n".join(["#!/bin/sh", *lines]))
    path.chmod(0o755)
    return path


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "answer.cpp"
    path.write_text('#include "answer.h"\nextern "C" int answer() { return ANSWER; }\n')
    (tmp_path / "answer.h").write_text("#ifndef ANSWER\n#define ANSWER 42\n#endif\n")
    return path


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch, source):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    try:
        compiled(source)
    except CompilerError as error:
        pytest.skip(str(error))
    for path in (tmp_path / "caches" / "snnviz").iterdir():
        path.unlink()
    return tmp_path / "caches" / "snnviz"


def kept(caches):
    return sorted(path.name for path in caches.iterdir())


class TestCompilers:
    def test_one_that_fails_is_passed_over(self, tmp_path, monkeypatch, source):
        compiler(tmp_path / "c++", "echo 'error: no openmp' >&2", "exit 1")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert compiled(source).answer() == 42

    def test_the_first_failure_is_told(self, tmp_path, monkeypatch, source):
        for name in ("c++", "g++"):
            compiler(tmp_path / name, f"echo 'error: {name} and $LC_ALL' >&2", "exit 1")
        monkeypatch.setattr(compiling, "_COMPILERS", ("c++", "g++"))
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        with pytest.raises(CompilerError) as failed:
            compiled(source, "-fopenmp")
        told = "c++ failed (error: c++ and $LC_ALL); CXX can name a compiler that knows OpenMP"
        assert str(failed.value).endswith(told)

    def test_it_is_asked_in_english(self, tmp_path, monkeypatch, source):
        path = compiler(tmp_path / "cc", 'echo "error in $LC_ALL" >&2', "exit 1")
        monkeypatch.setenv("CXX", str(path))
        with pytest.raises(CompilerError, match=r"failed \(error in C\)"):
            compiled(source)

    def test_one_that_says_nothing(self, tmp_path, monkeypatch, source):
        monkeypatch.setenv("CXX", str(compiler(tmp_path / "cc", "exit 3")))
        with pytest.raises(CompilerError, match=r"cc failed \(exit status 3\)"):
            compiled(source)

    def test_none_at_all(self, monkeypatch, tmp_path, source):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(CompilerError, match=r"no C\+\+ compiler \(c\+\+, g\+\+, "):
            compiled(source)

    @pytest.mark.parametrize("stated", ["", "env c++", "env A=1 g++"])
    def test_it_may_be_a_command_or_nothing(self, stated, monkeypatch, source):
        monkeypatch.setenv("CXX", stated)
        assert compiled(source).answer() == 42

    def test_no_room_for_what_it_compiles(self, tmp_path, monkeypatch, source):
        monkeypatch.setattr(compiling, "_CPUINFO", tmp_path / "none")
        compiling._processor.cache_clear()
        monkeypatch.setattr(compiling.tempfile, "tempdir", str(tmp_path / "gone"))
        with pytest.raises(CompilerError, match="gone"):
            compiled(source)
        compiling._processor.cache_clear()


class TestKept:
    def test_the_next_one_compiles_nothing(self, caches, monkeypatch, source):
        compiled(source)
        (name,) = kept(caches)
        assert name.startswith("answer-")
        monkeypatch.setattr(compiling, "_compile", None)
        assert compiled(source).answer() == 42

    def test_a_source_header_flag_or_compiler_of_its_own(
        self, caches, monkeypatch, source, tmp_path
    ):
        assert compiled(source).answer() == 42
        assert compiled(source, "-DANSWER=7").answer() == 7
        (tmp_path / "answer.h").write_text("#define ANSWER 43\n")
        assert compiled(source).answer() == 43
        (tmp_path / "apart").mkdir()
        (tmp_path / "answer.h").write_text('#include "apart/far.h"\n')
        for number in (45, 46):
            (tmp_path / "apart" / "far.h").write_text(f"#define ANSWER {number}\n")
            assert compiled(source).answer() == number
        source.write_text('extern "C" int answer() { return 44; }')
        assert compiled(source).answer() == 44
        monkeypatch.setenv("CXX", "env A=1 g++")
        assert compiled(source).answer() == 44
        assert len(kept(caches)) == 7

    def test_a_processor_of_its_own(self, caches, monkeypatch, source, tmp_path):
        compiled(source)
        (tmp_path / "cpuinfo").write_text("processor: 0\nflags: sse\n\nprocessor: 1\n")
        monkeypatch.setattr(compiling, "_CPUINFO", tmp_path / "cpuinfo")
        compiling._processor.cache_clear()
        assert compiled(source).answer() == 42
        assert len(kept(caches)) == 2
        compiling._processor.cache_clear()

    def test_what_is_no_library_is_made_anew(self, caches, source):
        compiled(source, "-DANSWER=5")
        (path,) = caches.iterdir()
        path.unlink()  # the loaded one stays as it is
        path.write_bytes(b"half")
        path.chmod(0o644)
        assert compiled(source, "-DANSWER=5").answer() == 5
        assert path.read_bytes() != b"half"

    @pytest.mark.parametrize("what", ["folder", "library"])
    def test_what_others_can_write_to_is_not_loaded(self, what, caches, source):
        compiled(source, "-DANSWER=6")
        (path,) = caches.iterdir()
        path.unlink()
        # A library of another answer, where this one's would be.
        compiled(source, "-DANSWER=9")
        (other,) = caches.iterdir()
        other.rename(path)
        (caches if what == "folder" else path).chmod(0o777)
        assert compiled(source, "-DANSWER=6").answer() == 6

    def test_nothing_is_kept_where_there_is_no_place(self, caches, monkeypatch, source, tmp_path):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        assert compiled(source).answer() == 42
        assert kept(caches) == []
