"""Resources of jobs, from the config alone: the minutes and megabytes that each asks SLURM, or Snakemake, for.

Both are upper estimates. A job that gets too little is told to end, or killed, and carries on with more in its
next attempt; one that asks for far too much waits in the queue, or for ever.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from multiview import config

RATES = {"cpu": 2e9, "gpu": 2e13}
"""Floating-point operations a second that networks for images sustain at least, by device; full batches ten times
that on a CPU."""
STEP = 0.01
"""Seconds that a step takes besides."""
START = 10
"""Minutes for everything but training."""
BASE = {"cpu": 2000, "gpu": 4500}
"""Megabytes of Python with PyTorch, Snakemake's own process beside it, and what is read in passing."""
FLOAT = 4
MEGABYTE = 1e6
LABELS = 5e7
"""Bytes of what one network says of all copies of its training images, above which they are not stored: of ten
teachers half a gigabyte."""

CIFAR = ((3, 32, 32), 50000, 10000)
PHOTOS = {
    "digits": ((1, 8, 8), 1797, 0),
    "fashion_mnist": ((1, 28, 28), 60000, 10000),
    "cifar10": CIFAR,
    "cifar100": CIFAR,
}
"""Shape of an image, images for training and validation, and for testing, of the datasets that are known."""
UNKNOWN = ((3, 64, 64), 100_000, 100_000)
"""The same of images of one's own, which the config does not tell."""

Studies = Mapping[str, config.ImageStudy]
"""All studies on images, by name: a layer of a network is that of another study."""


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    return -(-size[0] // 2), -(-size[1] // 2)


def convolutions(network: config.ImageNetwork, shape: Sequence[int]) -> list[tuple[int, int, int]]:
    """Multiplications for one image, numbers that a layer gives, and parameters, of every layer of a network.

    `shape` is channels, height and width of an image.
    """
    channels, size, layers = shape[0], tuple(shape[1:]), []

    def convolve(c_in: int, c_out: int, kernel: int = 9) -> None:
        area = size[0] * size[1]
        layers.append((kernel * c_in * c_out * area, c_out * area, kernel * c_in * c_out))

    if network.kind == "wide_resnet":
        convolve(channels, 16)
        channels = 16
        for stage, base in enumerate((16, 32, 64)):
            size = _halved(size) if stage else size
            width = base * network.width
            for block in range((network.depth - 4) // 6):
                convolve(channels, width)
                convolve(width, width)
                if block == 0:
                    convolve(channels, width, kernel=1)
                channels = width
    elif network.kind in ("cnn", "vgg"):
        for i, width in enumerate(network.channels):
            size = _halved(size) if i else size
            for _ in range(network.convolutions[i] if network.kind == "vgg" else 1):
                branches = network.branches if network.kind == "cnn" else 1
                convolve(channels // branches, branches * width)
                channels = branches * width
    elif network.kind == "mlp":
        layers += [(a * b, b, a * b) for a, b in pairwise([math.prod(shape), *network.hidden, 10])]
    else:  # one's own: as large as the paper's
        return convolutions(config.WideResNet(kind="wide_resnet", depth=28, width=10), shape)
    return layers


def multiplications(network: config.ImageNetwork, shape: Sequence[int]) -> int:
    """Of a network's pass over one image."""
    return sum(layer[0] for layer in convolutions(network, shape))


def images_of(study: config.ImageStudy, studies: Studies) -> tuple[tuple, int, int]:
    """Shape of an image, number of training images, and of images in all."""
    data = study.dataset
    if data.kind == "layer":  # at most as large as the images, with as many channels as the network's widest layer
        source = studies[data.study]
        shape, train, everything = images_of(source, studies)
        network = source.network
        widest = 64 * network.width if network.kind == "wide_resnet" else max(network.channels)
        return (widest, *shape[1:]), round(train * data.train_share), everything
    if data.kind == "gaussian":
        sizes = (data.train_samples, data.validation_samples, data.test_samples)
        return tuple(data.shape), sizes[0], sum(sizes)
    if data.kind == "paired":
        (channels, height, width), _, (validation, test) = _photos(data.pictures)
        beside = data.layout == "side_by_side"
        shape = (channels, height, 2 * width) if beside else (2 * channels, height, width)
        return shape, data.train_samples, data.train_samples + validation + 4 * test
    shape, train, others = _photos(data)
    return shape, train, train + sum(others)


def _photos(data: config.Images) -> tuple[tuple[int, ...], int, tuple[int, int]]:
    """Shape of an image, number of training images, and numbers of those for validation and testing."""
    (channels, *size), known, test = PHOTOS.get(data.kind, UNKNOWN)
    train = data.train_samples or known - data.validation_samples
    test = data.test_samples or test or known - data.validation_samples - train
    return (channels, *(length // data.shrink for length in size)), train, (data.validation_samples, test)


def labels_are_stored(study: config.ImageStudy, studies: Studies, students: str) -> bool:
    """Whether teachers label every copy of the training images once, or are asked in every step of their students.

    The cheaper way is taken, counted in passes of a network over the training images; but labels that are stored
    may not take more than `LABELS` each. Copies that are drawn beforehand (`copies` a number) are labelled once.
    """
    if study.copies != "all":
        return True
    section, places = study.students[students], study.lineup[students]
    teaching = {p for position in places.students for p in places.taught_by(position)}
    asked = section.teachers * section.training.epochs * (section.students + len(study.trials(students)))
    size = study.labelled_copies * images_of(study, studies)[1] * classes_of(study) * FLOAT
    return len(teaching) * study.labelled_copies <= asked and size <= LABELS


def classes_of(study: config.ImageStudy) -> int:
    """Classes of a study's data; 100 where the config does not tell."""
    return config.CLASSES.get(study.dataset.kind) or getattr(study.dataset, "classes", None) or 100


def image_minutes(
    study: config.ImageStudy, studies: Studies, training: config.ImageTraining, device: str, networks: int
) -> int:
    """Minutes in which a job trains so many `networks` of a study on images, one after the other."""
    shape, train, _ = images_of(study, studies)
    factor = 6 if study.network.regime == "linearised" else 3  # forward and backward; with a derivative besides
    operations = 2 * factor * multiplications(study.network, shape) * train * training.epochs
    steps = -(-train // training.batch_size) * training.epochs
    return START + math.ceil(networks * (operations / RATES[device] + steps * STEP) / 60)


def image_megabytes(
    study: config.ImageStudy,
    studies: Studies,
    training: config.ImageTraining,
    device: str,
    networks: int = 1,
    labelled: int = 0,
) -> int:
    """Megabytes of the host in which a job trains networks of a study on images.

    `networks` are those that one is the average of, `labelled` those whose logits on all copies of the training
    images are read: three times, as table, array and tensor.
    """
    shape, train, everything = images_of(study, studies)
    layers = convolutions(study.network, shape)
    parameters, numbers = (sum(layer[i] for layer in layers) for i in (2, 1))
    pixel = 1 if study.dataset.artifact == "images" else FLOAT
    data = 4 * everything * math.prod(shape) * pixel  # as table, array and tensor, and what checks them
    state = 6 * parameters * FLOAT * networks  # weights, gradient, momentum, checkpoint
    batch = max(6 * training.batch_size * networks, 2 * 512) * numbers * FLOAT  # kept for the gradient; evaluation
    copies = 3 * labelled * study.labelled_copies * train * classes_of(study) * FLOAT
    needed = data + state + copies + (batch if device == "cpu" else 0)
    return math.ceil(BASE[device] + needed / MEGABYTE)


def label_minutes(study: config.ImageStudy, studies: Studies, device: str, networks: int) -> int:
    """Minutes in which so many `networks` label all copies of the training images of a study."""
    shape, train, _ = images_of(study, studies)
    factor = 2 if study.network.regime == "linearised" else 1
    operations = 2 * factor * multiplications(study.network, shape)
    return START + math.ceil(networks * study.labelled_copies * train * operations / RATES[device] / 60)


def label_megabytes(study: config.ImageStudy, studies: Studies, device: str, networks: int) -> int:
    """Megabytes of the host in which they do."""
    return image_megabytes(study, studies, study.training, device, networks, labelled=networks)


def theory_minutes(study: config.TheoryStudy, training: config.Training, device: str, networks: int) -> int:
    """Minutes in which a job trains so many `networks` of a study of the paper's own setting."""
    data = study.dataset
    products = data.train_samples * data.patches * data.dim * data.classes * study.network.neurons
    operations = 2 * 3 * products * training.max_steps  # forward, backward, and what goes with them
    rate = RATES[device] * (10 if device == "cpu" else 1)
    return START + math.ceil(networks * (operations / rate + training.max_steps * STEP) / 60)


def theory_megabytes(study: config.TheoryStudy, device: str, seeds: int, networks: int = 1) -> int:
    """Megabytes of the host in which a job trains so many `seeds` of a study of the paper's own setting.

    `networks` are those that each seed is the average of.
    """
    data, width = study.dataset, study.dataset.classes * study.network.neurons * networks
    splits = (data.train_samples, data.test_multi_samples, data.test_single_samples)
    block = study.machine.block_samples or max(splits)
    patch = data.patches * FLOAT
    inputs = 4 * sum(splits) * data.dim * patch  # as table, array and tensor, and what checks them
    inputs += 2 * data.train_samples * data.dim * patch  # training samples by rows and by columns
    learned = study.network.regime == "learned"
    work = (1 if learned and device == "cpu" and study.network.q == 3 else 3) * block * width * patch
    if not learned:  # what is frozen is kept for all training samples of each seed
        work += (seeds + 2) * max(data.train_samples, block) * width * patch
    state = 6 * seeds * width * data.dim * FLOAT
    return math.ceil(BASE[device] + (inputs + work + state) / MEGABYTE)


def evaluation_megabytes(study: config.Study, studies: Studies) -> int:
    """Megabytes in which the logits of all networks of a study are read and measured."""
    networks = study.seeds + sum(section.students for section in study.students.values())
    networks += 0 if study.joint is None else study.joint.runs
    data = study.dataset
    if isinstance(study, config.TheoryStudy):
        samples, classes = data.train_samples + data.test_multi_samples + data.test_single_samples, data.classes
    else:
        samples, classes = images_of(study, studies)[2], classes_of(study)
    return math.ceil(BASE["cpu"] + 10 * networks * samples * classes * FLOAT / MEGABYTE)
