"""How Sphinx makes the documentation: Markdown, a notebook, docstrings, commands from click."""

import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

import snnviz

project = "snnviz"
author = "the developers of snnviz"
version = release = snnviz.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
NOTEBOOK = "look_into_an_encoder.ipynb"
nb_execution_mode = "force"  # it is stored without what it shows
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_ipywidgets_js = {}  # of the widget a picture is shown, without scripts from elsewhere
templates_path = ["_templates"]
html_theme = "furo"
html_title = "snnviz"
html_show_copyright = False
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "html_image"]
myst_heading_anchors = 4
default_role = "code"  # docstrings quote code with single backticks
add_module_names = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
smartquotes = False  # which makes one dash of the two of an option
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


def copy_notebook(app: Sphinx) -> None:
    """The notebook, put where Sphinx looks for pages."""
    shutil.copy2(Path(app.srcdir).parent / "examples" / NOTEBOOK, Path(app.srcdir) / NOTEBOOK)


def write_encoder_page(app: Sphinx) -> None:
    """The page of the bundled encoder, as `snnviz report` makes it."""
    if app.builder.format == "html":
        page = Path(app.outdir) / "encoder_page.html"
        command = ["report", "--dataset", "garments", "-T", "8", "-o", str(page), "-q"]
        subprocess.run([sys.executable, "-m", "snnviz", *command, "--overwrite"], check=True)  # noqa: S603


def inline_formula(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula as MathML, which browsers draw themselves: no script, no network."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def formula(translator: HTML5Translator, node: nodes.math_block) -> None:
    """One in a line of its own."""
    translator.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Hooks of Sphinx."""
    app.add_html_math_renderer("mathml", (inline_formula, None), (formula, None))
    app.connect("builder-inited", copy_notebook)
    app.connect("builder-inited", write_encoder_page)
