"""A hook of mkdocs: the page of the bundled encoder, as `snnviz report` makes it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

NAME = "encoder_page.html"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / NAME
        command = ["report", "--dataset", "garments", "-T", "8", "-o", NAME, "-q"]
        subprocess.run([sys.executable, "-m", "snnviz", *command], check=True, cwd=folder)  # noqa: S603
        files.append(File.generated(config, NAME, content=page.read_text(encoding="utf-8")))
    return files
