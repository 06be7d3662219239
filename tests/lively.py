"""Networks that say something without having been trained."""

import torch


def lively(net):
    """Weights large enough that spikes reach the output."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim > 1:
                fan_in = parameter[0].numel()
                parameter.normal_(0.1 / fan_in, 3 / fan_in**0.5, generator=generator)
    return net


def answering(net):
    """A network that answers class 0, and not silently: all neurons behind the encoder fire."""
    with torch.no_grad():
        net.conv[3].bias.fill_(1e3)
        for layer in (net.fc[1], net.fc[3]):
            layer.weight.fill_(1)
    return net
