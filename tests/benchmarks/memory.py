"""Peak memory and seconds of recording two images with each model of SpikingJelly's zoo.

    python -m tests.benchmarks.memory [--models PART ...] [--modes s m] [--ways WAY ...] [-T N]

Each run has a process of its own, one after the other; its peak counts all of it, torch too.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

from tests.benchmarks.machine import describe_machine

SIZE, IMAGES = 224, 2
# Constructors by module.
ZOO = {
    "spiking_vgg": [
        f"spiking_vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")
    ],
    "spiking_resnet": [
        *(f"spiking_resnet{depth}" for depth in (18, 34, 50, 101, 152)),
        *("spiking_resnext50_32x4d", "spiking_resnext101_32x8d"),
        *("spiking_wide_resnet50_2", "spiking_wide_resnet101_2"),
    ],
    "sew_resnet": [
        *(f"sew_resnet{depth}" for depth in (18, 34, 50, 101, 152)),
        *("sew_resnext50_32x4d", "sew_resnext101_32x8d"),
        *("sew_wide_resnet50_2", "sew_wide_resnet101_2"),
    ],
    "spiking_vggws_ottt": [
        "ottt_spiking_vggws",
        *(f"ottt_spiking_vgg{depth}{ws}" for depth in (11, 13, 16, 19) for ws in ("", "_ws")),
    ],
    "ms_resnet": ["ms_resnet18", "ms_resnet34", "max_resnet18"],
    "masnn": ["att_ms_resnet18", "masnn_dvs128_gesture"],
    "spikformer": ["spikformer_ti", "spikformer_s", "spikformer_cifar10"],
    "spike_driven_transformer": ["sdt_8_384"],
    "qkformer": ["qkformer_10_384"],
    "maxformer": ["maxformer_10_384", "maxformer_cifar"],
}
BOTH_MODES = ("spiking_vgg", "spiking_resnet", "sew_resnet", "spiking_vggws_ottt")


def settings(module, name, T):
    """What the constructor is given."""
    from spikingjelly.activation_based import neuron, surrogate

    given = {}
    if module in BOTH_MODES and module != "spiking_vggws_ottt":
        given = {"spiking_neuron": neuron.IFNode, "surrogate_function": surrogate.ATan()}
    if module == "sew_resnet":
        given["cnf"] = "ADD"
    if module == "masnn":
        given["T"] = T  # its attention has weights for each step
    if name == "masnn_dvs128_gesture":
        given |= {"in_channels": 3, "input_size": (SIZE, SIZE)}
    if module == "spikformer" and name == "spikformer_cifar10":
        given |= {"img_size_h": SIZE, "img_size_w": SIZE}
    return given


def measure(module, name, mode, way, T):
    """One run: what it recorded, its seconds, and the peak of this process in MB."""
    from importlib import import_module

    import torch
    from spikingjelly.activation_based import functional

    import snnviz

    torch.manual_seed(0)
    zoo = import_module(f"spikingjelly.activation_based.model.{module}")
    net = getattr(zoo, name)(**settings(module, name, T))
    if module in BOTH_MODES:
        functional.set_step_mode(net, mode)
    images = torch.rand(IMAGES, 3, SIZE, SIZE)
    built, start = _peak(), time.perf_counter()
    if way == "record":
        ((layer, record),) = snnviz.record(net, images, T).items()
    else:
        encoder = snnviz.load_encoder(net)
        record, layer = encoder.encode(images, T), encoder.layer
    return {
        "layer": layer,
        "shape": list(record.shape),
        "rate": float(record.count(T - 1).mean() / T),
        "seconds": time.perf_counter() - start,
        "built": built,
        "peak": _peak(),
    }


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def run(module, name, mode, way, T):
    """The same in a process of its own; where it failed, the last line of what it said."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", "--one", module, name, mode, way]
    result = subprocess.run([*command, "-T", str(T)], capture_output=True, text=True, check=False)
    if result.returncode:
        return {"error": (result.stderr.strip().splitlines() or [str(result.returncode)])[-1]}
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=[""], help="parts of names")
    parser.add_argument("--modes", nargs="*", default=["s", "m"], help="step modes")
    parser.add_argument("--ways", nargs="*", default=["record", "encode"])
    parser.add_argument("-T", type=int, default=32)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one, options.T)))
        return
    print(f"{IMAGES} images of {SIZE} x {SIZE}, T = {options.T}; {describe_machine('torch')}\n")
    print("| model | step mode | way | layer | neurons | firing rate | MB built | MB peak | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for module, names in ZOO.items():
        for name in names:
            if not any(part in name for part in options.models):
                continue
            modes = options.modes if module in BOTH_MODES else ["m"]
            for mode in modes:
                for way in options.ways:
                    print(_row(name, mode, way, run(module, name, mode, way, options.T)))


def _row(name, mode, way, found):
    if "error" in found:
        return f"| {name} | {mode} | {way} | {found['error']} |||||||"
    shape = " x ".join(map(str, found["shape"][1:]))
    return (
        f"| {name} | {mode} | {way} | {found['layer']} | {shape} | {found['rate']:.3f} | "
        f"{found['built']} | {found['peak']} | {found['seconds']:.1f} |"
    )


if __name__ == "__main__":
    main()
