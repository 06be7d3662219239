"""What was recorded of spiking layers: spike trains and counts. Pure NumPy."""
