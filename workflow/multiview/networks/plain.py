"""Two networks for small images without shortcuts: a plain convolutional one, and one in the style of VGG."""

from collections.abc import Sequence

from torch import Tensor, nn


class _Convolutional(nn.Module):
    """Convolutions, the mean over what is left of the image, a linear layer."""

    def __init__(self, features: nn.Sequential, size: int, classes: int):
        super().__init__()
        self.features = features
        self.linear = nn.Linear(size, classes)
        for module in features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Images ``[n, channels, h, w]`` to logits ``[n, k]``."""
        return self.linear(self.features(x).mean(dim=(2, 3)))


class CNN(_Convolutional):
    """For each entry of `widths` a 3x3 convolution and ReLU; the image is halved between them."""

    def __init__(self, channels: int, classes: int, widths: Sequence[int]):
        layers, size = [], channels
        for i, width in enumerate(widths):
            layers += [nn.MaxPool2d(2, ceil_mode=True)] if i else []
            layers += [nn.Conv2d(size, width, 3, padding=1), nn.ReLU()]
            size = width
        super().__init__(nn.Sequential(*layers), size, classes)


class VGG(_Convolutional):
    """Blocks of 3x3 convolutions with batch normalisation and ReLU, the image halved between them.

    After Simonyan and Zisserman (arXiv 1409.1556); its three fully connected layers are one here, as is usual for
    small images.
    """

    def __init__(self, channels: int, classes: int, widths: Sequence[int], convolutions: Sequence[int]):
        layers, size = [], channels
        for i, (width, number) in enumerate(zip(widths, convolutions, strict=True)):
            layers += [nn.MaxPool2d(2, ceil_mode=True)] if i else []
            for _ in range(number):
                layers += [nn.Conv2d(size, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                size = width
        super().__init__(nn.Sequential(*layers), size, classes)
