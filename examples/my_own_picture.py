"""My own picture through the encoder: any size, any format that Pillow reads.

python examples/my_own_picture.py PICTURE [OUT_FILE]
"""

import sys
from pathlib import Path

import snnviz

if len(sys.argv) < 2:
    sys.exit(__doc__)

picture = Path(sys.argv[1])
out = Path(sys.argv[2] if len(sys.argv) > 2 else f"{picture.stem}_encoded.png")

image = snnviz.load_picture(picture, max_side=128)  # uint8 [H, W], not necessarily square
record = snnviz.load_encoder().encode(snnviz.to_input(image[None]), T=8)

# One scale for all maps, with a colorbar, and channel numbers to talk about them.
figure = snnviz.feature_map_figure(
    record.count(7)[0], t=7, T=8, normalize="shared", cmap="magma", labels=True
)
figure.savefig(out)

busiest = record.count(7)[0].mean(axis=(1, 2)).argmax()
print(f"{image.shape[0]} x {image.shape[1]} pixels; channel {busiest} fires most; wrote {out}")
