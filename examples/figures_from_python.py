"""Figures from Python: encode a few images and save what the encoder makes of them.

python examples/figures_from_python.py [OUT_DIR]
"""

import sys
from pathlib import Path

import snnviz

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example-figures")
out.mkdir(parents=True, exist_ok=True)

encoder = snnviz.load_encoder()  # or load_encoder("checkpoint_max.pth"), or a torch.nn.Module
images = snnviz.garments(3)  # or snnviz.fashion_mnist("data")
record = encoder.encode(images.batch([0, 1, 2]), T=8)

for n in range(3):
    snnviz.input_figure(images.images[n]).savefig(out / f"{n}_input.png")
    for t in (0, 7):
        figure = snnviz.feature_map_figure(record.count(t)[n], t=t, T=8)
        figure.savefig(out / f"{n}_counts_t{t}.png")

rate = record.count(7).mean() / 8
print(f"mean firing rate {rate:.3f}; figures in {out}")
