// A second encoder beside the first, and one encoder over the epochs of its training.
