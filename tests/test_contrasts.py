"""What holds studies against one another, worked out by hand: gains, losses, layers, features, regimes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from multiview import config
from multiview.claims import families, terms, verdicts
from multiview.claims.claim import by_name, lists
from multiview.data.base import Split
from multiview.data.layer import cut
from multiview.measure import features
from multiview.measure.errors import Errors, score_table
from multiview.measure.views import members_of_joint
from multiview.networks.registry import build

LABEL = np.array([0, 1, 1, 0])


def row(single, ensemble, label=LABEL):
    single, ensemble = np.array(single, bool), np.array(ensemble, bool)
    none = np.zeros_like(single, np.float32), np.zeros_like(ensemble, np.float32)
    number = len(single)
    both = {
        "single": Errors("single", 1, number, {"test": single}, "single", *[{"test": none[0]}] * 2),
        "ensemble": Errors("ensemble", 2, number, {"test": ensemble}, "single", *[{"test": none[1]}] * 2),
    }
    return families.Row(label, both, np.ones(number))


FIRST = row([[0, 0, 0, 1], [0, 0, 1, 0]], [[0, 0, 0, 0]])
WORSE = row([[1, 0, 0, 1], [0, 1, 1, 1]], [[0, 0, 0, 1]])


def test_gains_by_hand(tiny):
    settings = config.load(tiny).evaluation

    def scores(row):
        single, ensemble = row.errors.values()
        return score_table("x", [single, replace(single, predictor="ensemble"), ensemble], settings)

    table = families.gain_table({("a", "x"): scores(FIRST), ("a", "y"): scores(WORSE)})
    assert table["single"].tolist() == pytest.approx([0.75, 1 - 5 / 8])
    assert table["ensemble"].tolist() == [1, 0.75] and table["size"].tolist() == [2, 2]
    assert table["gain"].tolist() == pytest.approx([0.25, 5 / 8 - 1 / 4])
    assert (table["low"] <= table["gain"]).all() and (table["gain"] <= table["high"]).all()


def test_losses_are_to_the_first_row_on_the_same_samples():
    table, claims = families.loss_tables("layers", {"all": FIRST, "half": WORSE}, "training.epochs")
    loss = table.set_index(["row", "predictor"])["loss"]
    assert loss.to_dict() == pytest.approx(
        {
            ("all", "single"): 0,
            ("all", "ensemble"): 0,
            ("half", "single"): 5 / 8 - 2 / 8,
            ("half", "ensemble"): 1 / 4,
        }
    )
    assert set(claims["measured"]) == {3 / 8 - 1 / 4} and set(claims["other"]) == {"half"}
    other = replace(WORSE, label=1 - LABEL)
    with pytest.raises(ValueError, match="half has other test samples"):
        families.loss_tables("layers", {"all": FIRST, "half": other}, "training.epochs")


def test_losses_of_identical_rows_are_0_with_an_interval_around_it():
    _, claims = families.loss_tables("layers", {"all": FIRST, "same": FIRST}, "training.epochs")
    assert (claims["measured"] == 0).all() and (claims["low"] < 0).all() and (claims["high"] > 0).all()
    assert not (verdicts.judge(claims, by_name())["verdict"] == "holds").any()


def test_that_there_is_no_difference_is_decided_by_its_size():
    wrong = np.random.default_rng(0).permuted(np.tile(np.arange(20000) < 2000, (12, 1)), axis=1)
    same = row(wrong[:8], wrong[8:], np.zeros(20000, dtype=int))
    _, claims = families.loss_tables("layers", {"all": same, "same": same}, "training.epochs")
    assert verdicts.judge(claims, by_name())["verdict"].tolist() == ["undecided", "fails"]


def errors(predictor, size, rows, pool=None):
    table = np.array(rows, bool)
    number = max(size, len(table))
    return Errors(predictor, size, number, {"test": table}, pool or predictor)


def observed(found, **known):
    fits = dict.fromkeys(["single", "joint", *known.get("roles", {})], np.ones(4))
    return terms.Observed("x", found, "error", fits, "training.epochs", **known)


def test_statements_on_models_without_features_by_hand():
    found = [
        errors("single", 1, [[1, 1, 0, 0], [0, 1, 1, 1]]),
        errors("ensemble", 2, [[0, 0, 0, 1]], "single"),
        errors("ensemble", 4, [[0, 0, 0, 0]], "single"),
        errors("teacher_of_distilled", 2, [[0, 0, 0, 1]], "teacher"),
        errors("distilled", 1, [[1, 1, 0, 0]]),
        errors("joint", 1, [[0, 0, 0, 0]]),
    ]
    roles = {
        "distilled": {"teacher": "single", "teacher_size": 2},
        "self": {"teacher": "single", "teacher_size": 1},
    }
    table = terms.measure(observed(found, roles=roles, networks=2), lists()["no_features"])
    table = table[table["confidence"] == 0.95]
    assert table["predictor"].tolist() == ["ensemble", "distilled", "joint"]
    # single 5/8, ensemble of 4 none; teacher 1/4: half its gain 3/16, distilled gains 1/8; joint against 2.
    assert table["measured"].tolist() == pytest.approx([5 / 8, 3 / 16 - 1 / 8, -1 / 4])
    judged = verdicts.judge(table, by_name())
    assert judged["quantity"][0] == "single's error minus its, L = 4"
    # Without an average that was trained, the largest ensembles.
    table = terms.measure(observed(found[:3]), lists()["no_features"])
    assert set(table["claim"]) == {"regime_ensemble"} and set(table["measured"]) == {5 / 8}


def test_gaussian_data_have_a_claim_of_their_own():
    rng = np.random.default_rng(0)
    single = rng.random((5, 2000)) < 0.3
    for ensemble, expected in ((single[0], "undecided"), (single[0] & single[1], "fails")):
        found = [errors("single", 1, single), errors("ensemble", 5, ensemble[None], "single")]
        table = terms.measure(observed(found), lists()["gaussian"])
        (row,) = verdicts.judge(table, by_name()).to_dict("records")
        assert row["measured"] == pytest.approx(single.mean() - ensemble.mean())
        assert row["verdict"] == expected


def test_members_of_averages_are_counted_through():
    table = pd.DataFrame({"seed": [7, 7, 9, 9], "member": [0, 1, 0, 1], "class": 0, "view": 1, "phi": 1.0})
    assert members_of_joint(table)["seed"].tolist() == [0, 1, 2, 3]


NETWORK = config.CNN(kind="cnn", channels=[6, 4])


def images(n, seed=0):
    return torch.randint(0, 256, (n, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def layer(**changes):
    settings = {"kind": "layer", "seed": 3, "study": "digits", "layers": 2, "channels": 1.0, "train_share": 1.0}
    return config.Layer(**settings | changes)


@pytest.fixture
def splits():
    found = {}
    for seed, (name, n) in enumerate({"train": 40, "validation": 7, "test": 9}.items()):
        label = np.arange(n, dtype=np.int16) % 3
        found[name] = Split(images(n, seed).numpy(), label, np.full(n, "image"), np.zeros(n, np.int8))
    return found


def test_a_layer_is_what_the_trunk_says(splits):
    network = build(NETWORK, images(40), 3, 0).eval()
    drawn = cut(network, splits, 3, layer())
    for name, split in drawn.splits.items():
        x = network.standardise(torch.from_numpy(splits[name].x))
        expected = network.network.trunk[1](network.network.trunk[0](x)).detach()
        torch.testing.assert_close(torch.from_numpy(split.x), expected)
        assert (split.label == splits[name].label).all()


def test_smaller_shares_are_part_of_larger_ones(splits):
    network = build(NETWORK, images(40), 3, 0).eval()
    whole, half, quarter = (cut(network, splits, 3, layer(channels=c)).splits for c in (1.0, 0.5, 0.25))
    assert [part["test"].x.shape[1] for part in (whole, half, quarter)] == [6, 3, 2]

    def channels(part):
        return {column.tobytes() for column in part["test"].x.transpose(1, 0, 2, 3)}

    assert channels(quarter) < channels(half) < channels(whole)
    fewer = cut(network, splits, 3, layer(train_share=0.5)).splits
    assert len(fewer["train"].label) == 20 and len(fewer["test"].label) == 9
    rows = {row.tobytes() for row in whole["train"].x}
    assert all(row.tobytes() in rows for row in fewer["train"].x)


def test_cka_does_not_see_rotations_and_scales():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 6))
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    assert features.linear_cka(x, 3 * x @ rotation + 1) == pytest.approx(1)
    assert features.linear_cka(x, rng.standard_normal((200, 6))) < 0.2
    assert features.linear_cka(x, np.ones((200, 2))) == 0
    # One feature each: the squared correlation.
    a, b = rng.standard_normal((2, 50))
    assert features.linear_cka(a[:, None], b[:, None]) == pytest.approx(np.corrcoef(a, b)[0, 1] ** 2)


def test_what_excites_a_channel():
    torch.manual_seed(0)
    network = build(NETWORK, images(40), 3, 1).eval().requires_grad_(False)
    x, label = images(40), torch.arange(40) % 3
    seen = features.embed(network, x)
    torch.testing.assert_close(network(x), network.network.linear(seen))
    channel = features.most_important(network, seen, label, 2)
    shares = network.network.linear.weight[2] * seen[label == 2].mean(dim=0)
    assert shares[channel] == shares.max()
    settings = config.Features(images=3, steps=40, step_size=0.5)
    rows = features.exciting_rows(network, 1, 2, (x, label), (x, label), settings)
    assert [row["rank"] for row in rows] == [0, 1, 2, 3]
    best = [row["activation"] for row in rows[1:]]
    assert best == sorted(seen[:, channel].tolist(), reverse=True)[:3]
    assert rows[0]["activation"] > best[0]  # no image of noise is as good as one made for it


@pytest.mark.parametrize(
    "settings",
    [
        NETWORK,
        config.WideResNet(kind="wide_resnet", depth=16, width=1),
        config.VGG(kind="vgg", channels=[4, 8], convolutions=[1, 2]),
    ],
)
def test_the_config_knows_the_length_of_a_trunk(settings):
    assert len(build(settings, images(20), 3, 0).network.trunk) == settings.trunk_length


def test_a_network_without_hidden_layers_is_linear():
    network = build(config.MLP(kind="mlp", hidden=[]), images(20).float(), 3, 0)
    x, y = torch.randn(2, 4, 1, 8, 8)
    torch.testing.assert_close(network(x) + network(y), 2 * network((x + y) / 2))
    deeper = build(config.MLP(kind="mlp", hidden=[7, 5]), images(20), 3, 0)
    assert [tuple(p.shape) for p in deeper.parameters()] == [(7, 64), (7,), (5, 7), (5,), (3, 5), (3,)]
    assert deeper(images(4)).shape == (4, 3)
