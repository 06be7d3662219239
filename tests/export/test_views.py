"""Kinds of pictures besides summed spikes: which files there are, and what they are drawn from."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from spikingjelly.activation_based import functional, neuron
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.cli import main
from snnviz.cli.visualize import command
from snnviz.data import Sample, to_input
from snnviz.errors import ConfigError, ShapeError
from snnviz.export import (
    KINDS,
    FigureSetOptions,
    render,
    render_animation,
    views,
    write_figure_sets,
)
from snnviz.figures import (
    first_spike_figure,
    kernel_figure,
    membrane_figure,
    potential_map_figure,
    raster_figure,
    spike_frames,
    spike_map_figure,
)
from snnviz.neurons.membrane import membrane_potentials
from snnviz.records.spikes import SpikeRecord
from tests.export.folders import contents

T = 4
ALL = FigureSetOptions(T=T, kinds=tuple(KINDS), dpi=50)
FEW = replace(ALL, kinds=("membrane", "kernels"))


def stepped(drive, steps, **parameters):
    """Potentials before the reset and spikes, by SpikingJelly's neuron: it keeps those after."""
    node = neuron.IFNode(**parameters)
    before, spikes, kept = [], [], torch.full_like(drive, parameters["v_reset"] or 0.0)
    with torch.no_grad():
        for _ in range(steps):
            before.append(kept + drive)
            spikes.append(node(drive))
            kept = node.v.clone()
    functional.reset_net(node)
    return torch.stack(before).numpy(), torch.stack(spikes).numpy()


@pytest.mark.parametrize("v_reset", [0.0, -0.25, None])
def test_potentials_are_those_of_the_stepped_neuron(v_reset, rng):
    drive = rng.normal(0.3, 0.6, (3, 40, 5)).astype(np.float32)
    drive[0], drive[1] = -1, 5  # silent, saturated
    before, spikes = stepped(torch.from_numpy(drive), 9, v_threshold=0.8, v_reset=v_reset)
    found = list(membrane_potentials(drive, 9, v_threshold=0.8, v_reset=v_reset))
    assert np.array_equal(np.stack(found), before)
    assert np.array_equal(np.stack(found) >= np.float32(0.8), spikes.astype(bool))
    with pytest.raises(ConfigError, match="T must be at least 1"):
        membrane_potentials(drive, 0)


@pytest.mark.slow
def test_every_kind_has_its_files_and_they_show_the_record(encoder, network, samples, tmp_path):
    write_figure_sets(encoder, samples, tmp_path, ALL)
    files = contents(tmp_path)
    names = ["input", "counts_t0", "counts_t3", "spikes_t0", "spikes_t3", "first_spike",
             "membrane_t0", "membrane_t3", "raster", "potentials"]  # fmt: skip
    expected = {f"{folder}/{name}.png" for folder in ("00003", "00017") for name in names}
    assert set(files) == expected | {"manifest.json", "kernels.png"}
    listed = json.loads(files["manifest.json"])
    assert listed["kernels"] == ["kernels.png"]
    assert listed["sets"][1]["files"] == [f"{name}.png" for name in names]
    sample = samples[1]  # the second in its batch
    image = to_input(sample.image[None])
    record = encoder.encode(image, T)
    v, spikes = stepped(encoder.drive(image)[0].clone(), T, v_threshold=1.0, v_reset=0.0)
    assert np.array_equal(spikes.astype(bool), record.spikes()[:, 0])
    counts = spikes.sum(axis=0).astype(int)
    chosen = views.choose_neurons(ALL, counts)
    firing = np.flatnonzero(counts.any(axis=(1, 2))).tolist()
    assert [k for k, _, _ in chosen] == firing  # of six channels
    labels = [f"channel {k}, y {y}, x {x}" for k, y, x in chosen]
    where = (slice(None), *np.array(chosen).T)
    traces, fired = v[where], spikes[where]
    assert fired.any(axis=0).all()
    title = f"Spikes of {len(firing)} of the {len(firing)} channels that fire, spread by rate"
    for name, figure in {
        "spikes_t3": spike_map_figure(spikes[3], t=3, dpi=50),
        "first_spike": first_spike_figure(record.first_spike[0], T=T, dpi=50),
        "membrane_t3": potential_map_figure(v[3], t=3, dpi=50),
        "raster": raster_figure(fired, names=labels, title=title, dpi=50),
        "potentials": membrane_figure(traces, fired, names=labels, dpi=50),
    }.items():
        assert files[f"00017/{name}.png"] == render(figure, "png"), name
        assert files[f"00003/{name}.png"] != files[f"00017/{name}.png"], name
    weight = network.static_conv[0].weight[:, 0].detach().numpy()
    assert files["kernels.png"] == render(kernel_figure(weight, dpi=50), "png")


@pytest.mark.slow
def test_only_the_kinds_asked_for_are_drawn_and_counts_are_what_they_were(
    encoder, samples, tmp_path
):
    options = FigureSetOptions(T=T, formats=("png", "npz"), dpi=50)
    write_figure_sets(encoder, samples, tmp_path / "counts", options)
    write_figure_sets(encoder, samples, tmp_path / "all",
                      replace(ALL, formats=("png", "npz")))  # fmt: skip
    spikes = replace(options, kinds=("spikes", "kernels"), at=(2,))
    write_figure_sets(encoder, samples, tmp_path / "spikes", spikes)
    before, after = contents(tmp_path / "counts"), contents(tmp_path / "all")
    manifest = json.loads(before.pop("manifest.json"))
    assert {"kinds", "neurons"}.isdisjoint(manifest["options"])
    assert "kernels" not in manifest
    assert {name: after[name] for name in before} == before
    names = {path.name for path in (tmp_path / "spikes" / "00003").iterdir()}
    assert names == {"input.png", "spikes_t2.png", "counts.npz"}
    assert (tmp_path / "spikes" / "kernels.png").exists()


@pytest.mark.slow
def test_other_formats_and_several_processes_give_the_same_bytes(encoder, samples, tmp_path):
    options = replace(ALL, at=(1,), formats=("svg", "pdf"), neurons=((2, 5, 6), (0, 27, 0)))
    for name, jobs in (("a", 1), ("b", 1), ("c", 2)):
        order = samples[::-1] if name == "b" else samples
        write_figure_sets(encoder, order, tmp_path / name, options, jobs=jobs)
    first, backwards, shared = (contents(tmp_path / name) for name in "abc")
    assert shared == first
    assert len(first) == 2 * 2 * 7 + 3
    del backwards["manifest.json"], first["manifest.json"]
    assert backwards == first


def test_an_interrupted_run_goes_on(encoder, samples, tmp_path):
    write_figure_sets(encoder, samples, tmp_path / "whole", FEW)

    def interrupt(*_):
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write_figure_sets(encoder, samples, out, FEW, progress=interrupt)
    assert not (out / "manifest.json").exists()
    write_figure_sets(encoder, samples, out, FEW, resume=True)
    assert contents(out) == contents(tmp_path / "whole")
    # A finished run is checked; what is missing is drawn again, and nothing else.
    times = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    (out / "kernels.png").unlink()
    write_figure_sets(encoder, samples, out, FEW, resume=True)
    assert contents(out) == contents(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*")} == times
    with pytest.raises(
        ConfigError, match=r"kinds \(was \['membrane', 'kernels'\], is \['raster'\]\)"
    ):
        write_figure_sets(encoder, samples, out, replace(FEW, kinds=("raster",)), resume=True)


def test_kernels_of_an_earlier_encoder_do_not_stay(network, samples, tmp_path):
    encoder = split_encoder(network)
    options = replace(ALL, kinds=("kernels",))
    write_figure_sets(encoder, samples[:1], tmp_path, options)
    before = (tmp_path / "kernels.png").read_bytes()
    with torch.no_grad():
        network.static_conv[0].weight.neg_()
    write_figure_sets(split_encoder(network), samples[:1], tmp_path, options, overwrite=True)
    assert (tmp_path / "kernels.png").read_bytes() != before


def test_neurons_that_fire_are_chosen_by_rate_where_nobody_chose():
    options = FigureSetOptions(T=20)
    counts = np.zeros((40, 4, 5), np.uint8)
    counts[10:25, 2, 3] = np.arange(15, 0, -1)  # fifteen channels fire here, and fewer elsewhere
    counts[30:40, 1, 1] = 20
    # From 15 spikes down to 1 by two, each of another channel.
    expected = [(10 + place, 2, 3) for place in range(0, 15, 2)]
    assert views.choose_neurons(options, counts) == expected
    # Three fire at the best place; further channels follow with their busiest neurons.
    counts[13:] = 0
    counts[33, 3, 4], counts[33, 0, 0], counts[35, 0, 2] = 2, 1, 9
    expected = [*((k, 2, 3) for k in (10, 11, 12)), (33, 3, 4), (35, 0, 2)]
    assert views.choose_neurons(options, counts) == expected
    silent = views.choose_neurons(options, np.zeros_like(counts))
    assert [k for k, _, _ in silent] == [0, 6, 11, 17, 22, 28, 33, 39]
    chosen = FigureSetOptions(T=2, neurons=((3, 1, 2), (0, 0, 0), (3, 1, 2)))
    assert views.choose_neurons(chosen, counts) == [(3, 1, 2), (0, 0, 0)]


def test_the_default_raster_says_which_neurons_it_shows():
    counts = np.zeros((9, 2, 2), int)
    counts[:5] = 3
    chosen = views.choose_neurons(FigureSetOptions(T=8), counts)
    assert views._which(chosen, counts) == (
        "Spikes of 5 of the 5 channels that fire, spread by rate"
    )
    assert "no neuron fires" in views._which(chosen, 0 * counts)


@pytest.mark.slow
def test_one_step_and_pictures_of_several_sizes(encoder, rng, tmp_path):
    shapes = ((9, 14), (9, 14), (30, 5))
    images = [rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
    samples = [Sample(n, image) for n, image in enumerate(images)]
    write_figure_sets(encoder, samples, tmp_path / "a", replace(ALL, T=1, at=()))
    assert len(contents(tmp_path / "a")) == 3 * 7 + 2
    with pytest.raises(ConfigError, match="no neuron 0,20,0: an image of 9 x 14 pixels"):
        write_figure_sets(encoder, samples, tmp_path / "b", replace(ALL, neurons=((0, 20, 0),)))
    assert not (tmp_path / "b").exists()


def test_a_potential_that_cannot_be_had_is_refused(network, samples, tmp_path):
    encoder = split_encoder(nn.Sequential(network.static_conv, neuron.LIFNode()))
    with pytest.raises(ConfigError, match="IFNode, not for LIFNode"):
        write_figure_sets(encoder, samples, tmp_path / "out", ALL)
    assert not (tmp_path / "out").exists()
    options = replace(ALL, kinds=("counts", "spikes", "first-spike", "kernels"))
    write_figure_sets(encoder, samples[:1], tmp_path / "out", options)
    record = encoder.encode(to_input(samples[0].image[None]), T)
    expected = render(spike_map_figure(record.spikes()[3, 0], t=3, dpi=50), "png")
    assert (tmp_path / "out" / "00003" / "spikes_t3.png").read_bytes() == expected


def test_more_neurons_than_a_figure_holds_are_refused_before_anything_is_written(
    encoder, samples, tmp_path
):
    neurons = tuple((n // 28, n % 28, 5) for n in range(129))
    options = replace(ALL, kinds=("raster",), neurons=neurons, dpi=2400)
    with pytest.raises(ConfigError, match="choose a lower dpi"):
        write_figure_sets(encoder, samples, tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_command_line_knows_every_kind(tmp_path, capsys):
    [option] = [parameter for parameter in command.params if parameter.name == "kind"]
    assert tuple(option.type.choices) == tuple(KINDS)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["visualize", "--dataset", "garments", "-T", "2", "--dpi", "40", *arguments])
        return end.value.code, capsys.readouterr().err

    out = tmp_path / "out"
    chosen = ("--kind", "raster", "--kind", "kernels", "--neuron", "12,14,3", "--n-images", "1")
    assert run("--out-dir", str(out), "-q", *chosen) == (0, "")
    assert set(contents(out)) == {
        f"00000/{name}.png" for name in ("input", "raster", "potentials")
    } | {"kernels.png", "manifest.json"}
    listed = json.loads((out / "manifest.json").read_text())
    assert listed["options"]["neurons"] == [[12, 14, 3]]
    assert listed["options"]["kinds"] == ["raster", "kernels"]
    for wrong, words in (("12,14", "nor channel,row,column"), ("128,0,0", "no neuron 128,0,0")):
        status, err = run("--out-dir", str(tmp_path / "b"), "--kind", "raster", "--neuron", wrong)
        assert status != 0
        assert words in err
        assert "Traceback" not in err
    with pytest.raises(ConfigError, match="no kind of picture 'spike'"):
        FigureSetOptions(T=1, kinds=("spike",))


@pytest.fixture
def frames(rng):
    return spike_frames(rng.random((5, 8, 4, 7)) < 0.3, dpi=30)


def read(data):
    with Image.open(BytesIO(data)) as picture:
        shown, durations = [], []
        for n in range(picture.n_frames):
            picture.seek(n)
            shown.append(np.asarray(picture.convert("RGB")))
            durations.append(picture.info["duration"])
        return np.stack(shown), durations, picture.info.get("loop"), picture.format


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_an_animation_holds_every_frame_as_it_is(form, frames):
    assert len(np.unique(frames.reshape(-1, 3), axis=0)) <= 256
    data = render_animation(frames, form, milliseconds=250)
    shown, durations, loop, found = read(data)
    assert np.array_equal(shown, frames)
    assert durations == [250] * 5
    assert loop == 0  # forever
    assert found == form.upper()
    assert render_animation(frames, form, milliseconds=250) == data
    one, _, _, _ = read(render_animation(frames[:1], form))
    assert np.array_equal(one, frames[:1])


@pytest.mark.parametrize("loops", [1, 2, 5])
def test_an_animation_is_shown_so_often(loops, frames):
    assert read(render_animation(frames, "webp", loops=loops))[2] == loops
    assert read(render_animation(frames, "gif", loops=loops))[2] == (
        None if loops == 1 else loops - 1
    )


def test_an_animation_of_many_colours_is_near(rng):
    frames = rng.integers(0, 256, (2, 20, 30, 3)).astype(np.uint8)
    shown, _, _, _ = read(render_animation(frames, "webp"))
    assert np.array_equal(shown, frames)
    shown, _, _, _ = read(render_animation(frames, "gif"))
    assert np.abs(shown.astype(int) - frames).mean() < 20
    assert render_animation(frames) == render_animation(frames)


def test_impossible_animations_are_refused(frames):
    with pytest.raises(ShapeError, match=r"bytes \[T, height, width, 3\]"):
        render_animation(frames[..., 0])
    with pytest.raises(ShapeError, match="got float64"):
        render_animation(frames / 255)
    with pytest.raises(ConfigError, match="no animation 'apng'"):
        render_animation(frames, "apng")
    with pytest.raises(ConfigError, match="got 5 and 0"):
        render_animation(frames, milliseconds=5)


def test_spikes_of_a_step_are_as_many_as_they_are(rng):
    steps = rng.integers(0, 4, (T, 1, 3, 5, 6))
    record = SpikeRecord.from_counts(steps, T)
    options = FigureSetOptions(T=T, at=(2,), kinds=("spikes",), dpi=50)
    sample = Sample(0, np.zeros((5, 6), np.uint8))
    drawn = views.views(sample, record, options, None)["spikes_t2"]("png")
    assert drawn == render(spike_map_figure(steps[2, 0], t=2, most=3, **options.grid), "png")
