"""Image datasets on the Hugging Face hub: where each is, and how its files come here whole.

huggingface-hub does the work: it resumes broken downloads, keeps them in its cache (``HF_HOME``) and stays away
from the network if ``HF_HUB_OFFLINE`` is set. Revisions are pinned, and a file must have the right SHA-256.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from multiview.config import Images
from multiview.store.artifacts import DataError


@dataclass(frozen=True)
class Source:
    """A dataset on the hub.

    Attributes:
        revision: the commit that is used.
        folder: of the Parquet files of ``train`` and of ``test``.
        image, label: the columns.
        sha256: of each file that is known by it; of the others, the hub's own is believed.
    """

    repository: str
    revision: str
    folder: str
    image: str = "image"
    label: str = "label"
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The file of each split."""
        return {split: f"{self.folder}/{split}-00000-of-00001.parquet" for split in ("train", "test")}


SOURCES = {
    "cifar10": Source(
        repository="uoft-cs/cifar10",
        revision="0b2714987fa478483af9968de7c934580d0bb9a2",
        folder="plain_text",
        image="img",
        sha256={
            "train": "8428b53a88a11ac374111006708df51469e315a22ac6d66470afd9c78d2ae883",
            "test": "841389e6f2d64f28bf17310e430aebac20ec3ba611a3c5e231dc93c645ce84de",
        },
    ),
    "cifar100": Source(
        repository="uoft-cs/cifar100",
        revision="aadb3af77e9048adbea6b47c21a81e47dd092ae5",
        folder="cifar100",
        image="img",
        label="fine_label",
        sha256={
            "train": "694865d6b990e234804f01268586c41e88bcbbb75e20858432c05ad4081aca23",
            "test": "98776c529bb146a9c791229df74a5cf076be9b43d82dbbd334b6a7788d73dc68",
        },
    ),
    "fashion_mnist": Source(
        repository="zalando-datasets/fashion_mnist",
        revision="531be5e2ccc9dba0c201ad3ae567a4f3d16ecdd2",
        folder="fashion_mnist",
    ),
}


def source_of(config: Images) -> Source:
    """Where a dataset is on the hub, with the revision and the checksums that the config may give."""
    source = SOURCES[config.kind]
    if config.revision is not None:
        source = replace(source, revision=config.revision, sha256={})
    return source if config.sha256 is None else replace(source, sha256=config.sha256)


def fetch(source: Source, split: str) -> Path:
    """A file of a dataset in the local cache of huggingface-hub, downloaded if it is not there.

    Raises:
        DataError: if it cannot be had, or is not what it should be.
    """
    from huggingface_hub import hf_hub_download

    name = source.files[split]
    try:
        path = Path(hf_hub_download(source.repository, name, repo_type="dataset", revision=source.revision))
    except Exception as error:  # huggingface-hub and what is below it have many kinds of them
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{source.repository}, {name}: not in the cache, and it could not be downloaded ({reason}). Allow "
            "network access once, or put train*.parquet and test*.parquet into a folder and set dataset.path to it"
        ) from error
    # In the cache a file is a link to a blob that is named after the SHA-256 which the hub gave for it.
    blob = path.resolve()
    expected = source.sha256.get(split) or (blob.name if re.fullmatch("[0-9a-f]{64}", blob.name) else None)
    with blob.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and digest != expected:
        raise DataError(
            f"{source.repository}, {name}: expected a file with the SHA-256 {expected}, found {digest} in {blob}. "
            "Delete that file and run again"
        )
    return path
