"""The tutorial's network: its layouts of checkpoints, its training, its fast ways to compute."""
