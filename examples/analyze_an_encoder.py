"""All numbers about an encoder beside what it is to be compared with, from Python.

python examples/analyze_an_encoder.py [OUT]
"""

import sys
from pathlib import Path

import snnviz

out = Path(sys.argv[1] if len(sys.argv) > 1 else "analysis")
images, train_images = snnviz.garments(60), snnviz.garments(80, "train")

encoder = snnviz.load_encoder()  # or a checkpoint, or any torch.nn.Module
config = snnviz.NetworkConfig(T=4, channels=encoder.channels)
encodings = [
    snnviz.encoding_of("bundled", encoder, T=4),
    *snnviz.baseline_encodings(config, 4, train_images, seeds=[0]),
]
analysis = snnviz.analyze(encodings, images, train_images)

for measured in analysis.measured[:2]:
    reconstruction = measured.reconstruction
    print(f"{measured.encoding.name}: read back with {reconstruction.psnr[-1]:.2f} dB")
for path in snnviz.write_analysis(analysis, out, formats=["png"]):
    print(f"wrote {path}")
