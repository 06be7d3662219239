"""The page about errors, held to the code: every class, and every message that it quotes."""

import ast
import re
from pathlib import Path

import pytest

import snnviz
from snnviz.errors import SnnvizError

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "errors.md").read_text()


def trees():
    for path in sorted(Path(snnviz.__file__).parent.rglob("*.py")):
        yield ast.parse(path.read_text())


def rendered(node):
    """A piece of text of the code, with … where it puts a value in."""
    if isinstance(node, ast.Constant):
        return node.value
    parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "".join(map(str, parts))


@pytest.fixture(scope="module")
def texts():
    """Every text of the package."""
    return [
        rendered(node)
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    ]


def quoted():
    """The first cell of each row of the tables but the first, whose heading is "message"."""
    for table in re.findall(r"^\| message .*\n\|[-|]*\n((?:\|.*\n?)+)", PAGE, re.MULTILINE):
        for row in table.splitlines():
            yield row.split("|")[1].strip().strip("`")


def occurs(fragment, texts):
    pattern = re.compile(".*".join(map(re.escape, fragment.split("…"))), re.DOTALL)
    return any(pattern.search(text) for text in texts)


def error_classes():
    """All classes of the package that are a SnnvizError, by what their bases are called."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {SnnvizError.__name__}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def test_every_error_class_is_on_the_page():
    classes = error_classes()
    assert {"DependsError", "DiskFullError", "SnnvizError"} <= classes
    for name in classes:
        assert f"`{name}`" in PAGE, name


def test_a_fragment_is_found_only_where_the_code_has_it(texts):
    assert occurs("the weights are no finite numbers any more", texts)
    assert not occurs("the weights are … finite numbers any less", texts)


@pytest.mark.parametrize("fragment", list(quoted()))
def test_every_message_on_the_page_is_in_the_code(fragment, texts):
    assert occurs(fragment, texts)


def test_the_page_quotes_messages_of_every_table():
    assert len(list(quoted())) > 50
