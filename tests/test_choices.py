"""No choice sees a test image: the test split is read to be evaluated, and nothing else follows from it."""

import numpy as np
import pyarrow.parquet as pq
import torch
from test_images_workflow import configure
from test_workflow import checkout, run

import idx
from multiview.store import artifacts

NETWORKS = [f"results/digits/{name}/networks.pt" for name in ("single/seeds_0-3", "distilled/seeds_4-5")]
MEASURES = "results/digits/evaluation/measures.parquet"
CHOICE = "results/digits/distilled/choice.parquet"
RNG = np.random.default_rng(0)


def images(n):
    return RNG.integers(256, size=(n, 8, 8)).astype(np.uint8), RNG.integers(3, size=n)


def test_other_test_images_change_nothing_but_what_is_evaluated(tmp_path_factory):
    pictures, found = images(200), []
    for name in ("one", "other"):
        folder = checkout(tmp_path_factory.mktemp(name))
        (folder / "data").mkdir()
        for split, drawn in {"train": pictures, "test": images(100)}.items():
            pq.write_table(idx.hub_table(*drawn), folder / f"data/{split}.parquet", write_page_checksum=True)
        dataset = {"kind": "parquet", "path": "data", "classes": 3, "test_samples": None}
        machine = {"seeds_per_job": 4, "loggers": []}
        # Of 25 crops: teachers are asked in every step.
        training = {"augmentation": {"crop_padding": 2}}
        longer = {"students": 2, "soft_labels": "none", "training": {"epochs": 6}, "grid": None}
        changes = {"features": None, "joint": None, "students": {"single_longer": longer}}
        configure(folder, dataset=dataset, machine=machine, copies="all", training=training, **changes)
        run(folder, CHOICE, *NETWORKS, *([MEASURES] if name == "one" else []))
        choice = artifacts.read(folder / CHOICE, "choice").pandas()
        networks = [torch.load(folder / path, weights_only=True)["states"] for path in NETWORKS]
        logits = artifacts.read(folder / "results/digits/single/seeds_0-3/logits.parquet", "logits")
        if name == "one":
            measures = artifacts.read(folder / MEASURES, "measures").pandas()
            assert not list(folder.rglob("copies.parquet"))
        found.append((choice, networks, logits.numpy("logits"), logits.numpy("split")))
    (choice, networks, logits, split), (its_choice, its_networks, its_logits, _) = found
    assert choice.equals(its_choice)
    for states, its_states in zip(networks, its_networks, strict=True):
        assert states.keys() == its_states.keys()
        for seed in states:
            for name, tensor in states[seed].items():
                assert torch.equal(tensor, its_states[seed][name]), (seed, name)
    same = (logits == its_logits).reshape(len(logits), -1).all(axis=1)
    assert same[split != "test"].all() and not same[split == "test"].all()
    # Students of hard labels are held against both kinds of the others, and are in no other statement.
    assert set(measures.query("claim == 'image_more_than_longer'")["predictor"]) == {"distilled", "self_distilled"}
    assert "single_longer" not in set(measures["predictor"])
