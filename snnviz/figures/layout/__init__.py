"""How figures are laid out: frames, grids of pictures, columns of axes."""
