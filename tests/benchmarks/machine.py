"""What numbers were measured on."""

import os
import platform
import shutil
import subprocess
from importlib import import_module
from importlib.metadata import version
from pathlib import Path


def describe_machine(*packages):
    """One line: the processor, its cores, Python, and the versions of `packages`."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{models[0] if models else platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
    )


def describe_gpu(device):
    """One line: the card, its driver and CUDA, and versions of what else computes on it."""
    import torch

    device = torch.device(device)
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU"
    packages = ", ".join(f"{name} {_version(name)}" for name in ("cupy", "triton", "numpy"))
    return f"{card}, driver {_driver(device.index or 0)}, CUDA {torch.version.cuda}, {packages}"


def _version(package):
    try:
        return import_module(package).__version__
    except ImportError:
        return "none"


def _driver(index):
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "unknown"
    query = [tool, "-i", str(index), "--query-gpu=driver_version", "--format=csv,noheader"]
    result = subprocess.run(query, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
