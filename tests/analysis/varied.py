"""An encoder with channels of every kind, and images that are not square."""

import numpy as np
import torch
from torch import nn

from snnviz.adapters.network import split_encoder
from snnviz.data import ImageSet
from snnviz.tutorial.network import NetworkConfig, build_network

POINT = np.eye(3) * [0, 1, 0]
MEAN = np.full((3, 3), 1 / 9)
ACROSS = np.outer([1, 2, 1], [-1, 0, 1])
SLANTED = np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])

# Kernel and bias of each channel.
SILENT = [(0 * POINT, -5)]
SATURATED = 3 * [(0 * POINT, 5)]
MIXED = [(0 * POINT, 0.5), (9 * (POINT - MEAN), -4)]
AREA = [(POINT, 0), (2 * POINT, 0), (1.5 * MEAN, 0), (MEAN, 0.1), (0.6 * POINT, 0.1)]
BACKGROUND = [(-POINT, 1), (-MEAN, 1.2), (-2 * POINT, 1.4), (-0.5 * MEAN, 0.7)]
EDGES = [(sign * k, 0) for k in (ACROSS, ACROSS.T, SLANTED) for sign in (1, -1)]
CHANNELS = [*SILENT, *SATURATED, *MIXED, *AREA, *BACKGROUND, *EDGES]


def varied_encoder(channels, T=4):
    """An encoder of those kernels and biases."""
    convolution = nn.Conv2d(1, len(channels), 3, padding=1)
    with torch.no_grad():
        convolution.weight[:, 0] = torch.from_numpy(np.array([kernel for kernel, _ in channels]))
        convolution.bias[:] = torch.tensor([bias for _, bias in channels])
    net = build_network(NetworkConfig(T=T, channels=len(channels)), seed=0)
    return split_encoder(nn.Sequential(convolution, net.conv[0]))


def cut(images, height=12):
    return ImageSet(images.name, images.images[:, :height], images.labels, images.classes)
