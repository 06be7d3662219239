#!/usr/bin/env bash
# Pillow 13.0.0 turns an uncompressed TIFF by its orientation tag when it is given an open file, and not when
# it is given the file's name. For orientations 5 to 8 (a picture on its side) the array read by name has the
# stored shape and pixels that are neither the stored nor the turned ones.
#
# Seen: orientation 6, 3 x 4 pixels stored: by file object 4 x 3, turned; by name 3 x 4: the stored numbers taken
# for rows of 3 instead of 4, and then turned. Orientations 1 to 4 agree.
# Fails where this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q pillow==13.0.0 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PYTHON'
import io
from pathlib import Path

import numpy as np
from PIL import Image

stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
turned = {5: stored.T, 6: np.rot90(stored, -1), 7: stored[::-1, ::-1].T, 8: np.rot90(stored)}
for orientation in range(1, 9):
    Image.fromarray(stored).save("a.tif", tiffinfo={274: orientation})
    with Image.open("a.tif") as picture:
        by_name = np.asarray(picture)
    with Image.open(io.BytesIO(Path("a.tif").read_bytes())) as picture:
        by_file = np.asarray(picture)
    same = by_name.shape == by_file.shape and (by_name == by_file).all()
    print(orientation, "by name", by_name.tolist(), "by file", by_file.tolist(), "same" if same else "NOT the same")
    if orientation in turned:
        assert (by_file == turned[orientation]).all(), "the open file is turned as the tag says"
        assert not same, "the name is read differently"
        assert by_name.shape == stored.shape, "by name the shape is the stored one"
        if orientation == 6:
            assert (by_name == np.rot90(stored.reshape(4, 3), -1)).all()
    else:
        assert same
PYTHON
