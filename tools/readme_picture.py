"""Draw the README's picture: the bundled encoder on the first drawn garment, at t = 7."""

from pathlib import Path

from snnviz import feature_map_figure, garments, load_encoder
from snnviz.export import render
from snnviz.files import write_bytes

record = load_encoder().encode(garments(1).batch([0]), T=8)
figure = feature_map_figure(record.count(7)[0], t=7, T=8)
path = Path(__file__).parents[1] / "docs" / "images" / "encoder_grid.png"
path.parent.mkdir(parents=True, exist_ok=True)
print(write_bytes(render(figure, "png"), path))
