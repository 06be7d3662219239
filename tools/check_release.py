"""Build a wheel and an sdist, and run what they install, in a fresh environment.

    python tools/check_release.py                # the newest version of every dependency
    python tools/check_release.py --lowest       # the lowest that pyproject.toml allows
    python tools/check_release.py --from sdist   # the sdist in place of the wheel

It ends with status 0 if the installed package, away from this folder, prints its version, draws
figures of the bundled encoder, trains a small network for an epoch, evaluates it, makes a page of
it, and analyses the bundled encoder.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "--version",
    "visualize --dataset garments -T 8 --out-dir figures --format png --format svg --format pdf",
    "train --dataset garments -channels 8 -epochs 1 -b 50 --out-dir logs",
    "evaluate --ckpt RUN/checkpoint_max.pth --dataset garments --n-images 100",
    "report --ckpt RUN/checkpoint_max.pth --dataset garments --n-images 3 -o page.html",
    "analyze --dataset garments --n-images 60 --train-images 60 --untrained 1 --out-dir analysis",
)


def lowest(requirements: list[str]) -> list[str]:
    """The requirements with `>=` read as `==`; whatever else they exclude is left out."""
    return [re.sub(r">=([\w.]+).*", r"==\1", requirement) for requirement in requirements]


def run(*command: object, cwd: Path) -> None:
    """Run a command, and end with its status unless that is 0."""
    print("+", *command, flush=True)
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(done.returncode)


@click.command()
@click.option("--lowest", "lower", is_flag=True, help="The lowest versions that are allowed.")
@click.option("--from", "kind", type=click.Choice(["wheel", "sdist"]), default="wheel")
def main(*, lower: bool, kind: str) -> None:
    """Build, install and run the package."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        run(python, "-m", "pip", "install", "-q", "build", cwd=folder)
        run(python, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
        (built,) = (folder / "dist").glob("*.whl" if kind == "wheel" else "*.tar.gz")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted = lowest(project["dependencies"]) if lower else []
        run(python, "-m", "pip", "install", "-q", built, *wanted, cwd=folder)
        run(python, "-m", "pip", "list", cwd=folder)
        work = folder / "work"
        work.mkdir()
        for command in COMMANDS:
            (*_, trained) = [".", *(str(path.parent) for path in work.rglob("checkpoint_max.pth"))]
            words = command.replace("RUN", trained).split()
            run(folder / "venv" / "bin" / "snnviz", *words, cwd=work)
    print(f"{built.name}: installed {'at its lower bounds' if lower else 'newest'}, and it runs")


if __name__ == "__main__":
    main()
