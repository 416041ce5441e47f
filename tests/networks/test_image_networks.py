"""Networks for images: sizes, shapes, what they compute, and what is put around them."""

import pytest
import torch
from pydantic import TypeAdapter
from torch.nn import functional

from multiview import config
from multiview.networks import plain
from multiview.networks.registry import Average, Standardised, build
from multiview.networks.wide_resnet import Block, WideResNet


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("depth", "width", "classes", "millions"),
    # Published in arXiv 1605.07146, tables 4 and 5, for 10 classes in millions.
    [(28, 10, 10, 36.5), (40, 4, 10, 8.9), (16, 8, 10, 11.0), (22, 8, 10, 17.2), (16, 10, 10, 17.1)],
)
def test_parameters_of_wide_resnets_are_the_published_ones(depth, width, classes, millions):
    with torch.device("meta"):
        network = WideResNet(3, classes, depth, width)
    assert round(parameters(network) / 1e6, 1) == millions


def test_depth_counts_the_layers():
    # The stem, two convolutions in each of 3 n blocks, three shortcuts: 6 n + 4 without the linear layer.
    network = WideResNet(1, 10, 16, 2)
    blocks = [module for module in network.modules() if isinstance(module, Block)]
    assert len(blocks) == 3 * (16 - 4) // 6
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 1 + 2 * len(blocks) + 3


def test_forward_pass_of_a_block_by_hand():
    torch.manual_seed(0)
    block = Block(3, 4, stride=2).eval()
    for norm in (block.norm1, block.norm2):
        torch.nn.init.uniform_(norm.weight)
        torch.nn.init.uniform_(norm.bias)
        norm.running_mean.uniform_()
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 3, 6, 6)

    def norm(module, y):
        shape = (1, -1, 1, 1)
        y = (y - module.running_mean.view(shape)) / (module.running_var.view(shape) + module.eps).sqrt()
        return (y * module.weight.view(shape) + module.bias.view(shape)).clamp(min=0)

    active = norm(block.norm1, x)
    inner = functional.conv2d(active, block.conv1.weight, stride=2, padding=1)
    outer = functional.conv2d(norm(block.norm2, inner), block.conv2.weight, padding=1)
    expected = outer + functional.conv2d(active, block.shortcut.weight, stride=2)
    torch.testing.assert_close(block(x), expected)


def test_a_block_that_keeps_its_shape_adds_its_input_itself():
    block = Block(4, 4, stride=1).eval()
    torch.nn.init.zeros_(block.conv2.weight)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(block(x), x)


def test_plain_networks_have_the_layers_that_the_config_says():
    cnn = plain.build(config.CNN(kind="cnn", channels=[4, 8]), (1, 8, 8), 10)
    assert parameters(cnn) == (1 * 9 * 4 + 4) + (4 * 9 * 8 + 8) + (8 * 10 + 10)
    vgg = plain.build(config.VGG(kind="vgg", channels=[4, 8], convolutions=[1, 2]), (3, 8, 8), 5)
    assert parameters(vgg) == (3 * 9 * 4 + 8) + (4 * 9 * 8 + 16) + (8 * 9 * 8 + 16) + (8 * 5 + 5)


SECTIONS = {
    "wide_resnet": {"kind": "wide_resnet", "depth": 10, "width": 1},
    "cnn": {"kind": "cnn", "channels": [4, 8]},
    "vgg": {"kind": "vgg", "channels": [4, 8], "convolutions": [1, 2]},
}


def made(kind, images, seed=0, networks=1):
    section = TypeAdapter(config.ImageNetwork).validate_python(SECTIONS[kind])
    return build(section, images, 7, seed, networks)


@pytest.mark.parametrize("kind", SECTIONS)
@pytest.mark.parametrize("size", [(8, 8), (28, 28), (9, 5)])
def test_every_network_takes_small_images_of_any_size(kind, size):
    images = torch.randint(256, (6, 3, *size), dtype=torch.uint8)
    assert made(kind, images)(images).shape == (6, 7)


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_seed_is_all_that_decides_the_initialisation(kind):
    images = torch.randint(256, (6, 1, 8, 8), dtype=torch.uint8)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = made(kind, images)
    torch.manual_seed(2)
    same, other = made(kind, images), made(kind, images, seed=1)
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
    assert any(not torch.equal(v, other.state_dict()[name]) for name, v in one.state_dict().items())
    torch.manual_seed(1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_images_are_standardised_channel_by_channel():
    images = torch.randint(256, (50, 3, 4, 4), dtype=torch.uint8)
    images[:, 1] = 7  # a channel without contrast
    seen = made("cnn", images)
    seen.network = torch.nn.Identity()
    x = seen(images)
    torch.testing.assert_close(x.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.std(dim=(0, 2, 3))[[0, 2]], torch.ones(2))
    assert (x[:, 1].abs() < 1e-5).all()


def test_an_average_is_the_mean_of_the_logits_of_different_networks():
    images = torch.randint(256, (6, 1, 8, 8), dtype=torch.uint8)
    network = made("cnn", images, networks=3)
    assert isinstance(network, Standardised) and isinstance(network.network, Average)
    x = (images.float() / 255 - network.mean) / network.deviation
    each = [one(x) for one in network.network.networks]
    torch.testing.assert_close(network(images), sum(each) / 3)
    assert not torch.allclose(each[0], each[1])
