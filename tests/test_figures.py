"""Figures: which a study has, what they sort, and what they draw, by hand-worked cases."""

from typing import get_args

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import is_color_like

from multiview import config, soft_labels
from multiview.figures import agreement as agreement_figure
from multiview.figures import dark_knowledge, error_over_mu, interventions, registry, student_race, style, sweep
from multiview.measure.views import KEEPS, TAKES, shares


def role(intervention="", teacher_size=1, start="warm", scale=1.0):
    return {
        "teacher": "single",
        "teacher_size": teacher_size,
        "start": start,
        "objective": {"teacher_scale": scale},
        "intervention": intervention,
    }


ROLES = {
    "distilled": role(teacher_size=30),
    "self_distilled": role(scale=4.0),
    "distilled_flat": role("flat", 30),
    "distilled_own_class": role("own_class", 30),
    "self_distilled_own_class": role("own_class", scale=4.0),
    "distilled_scratch": role(teacher_size=30, start="scratch"),
}


@pytest.fixture
def theory(default):
    """The default study of the theory, checked."""
    return config.load(default).studies["theory"]


@pytest.fixture
def settings(default):
    """How figures look, checked; none is left open."""
    yield config.load(default).figures
    plt.close("all")


def only(study, *names):
    return study.model_copy(update={"students": {name: study.students[name] for name in names}})


@pytest.mark.parametrize(
    ("students", "there", "not_there"),
    [
        ([], [], ["interventions", "student_race", "generations", "dark_knowledge"]),
        (["distilled"], ["dark_knowledge"], ["interventions", "student_race", "generations"]),
        (["self_distilled"], ["dark_knowledge", "student_race", "generations"], ["interventions"]),
        (["distilled_flat"], ["interventions"], ["dark_knowledge", "student_race", "generations"]),
        (["self_distilled_own_class"], ["interventions"], ["dark_knowledge", "student_race", "generations"]),
    ],
)
def test_a_study_has_the_figures_of_its_students(theory, students, there, not_there):
    names = registry.of_study(only(theory, *students))
    assert set(there) <= set(names)
    assert not set(not_there) & set(names)


def test_whose_race_is_shown(theory):
    assert registry.raced(theory) == "self_distilled"
    later = only(
        theory, "distilled", "self_distilled_own_class", "self_distilled_truncated", "self_distilled_scratch"
    )
    assert registry.raced(later) == "self_distilled_truncated"
    assert registry.raced(only(theory, "distilled", "self_distilled_own_class")) is None


def test_every_intervention_has_a_row():
    assert set(interventions.LABELS) == {"", *soft_labels.KINDS} - {"all"}


def test_students_are_sorted_by_what_they_share_besides_an_intervention():
    assert interventions.series(ROLES) == {
        "distilled": {"": "distilled", "flat": "distilled_flat", "own_class": "distilled_own_class"},
        "self_distilled": {"": "self_distilled", "own_class": "self_distilled_own_class"},
    }
    alone = {name: ROLES[name] for name in ("distilled_scratch", "distilled_flat")}
    assert interventions.series(alone) == {"distilled_flat": {"flat": "distilled_flat"}}


def test_the_default_study_shows_each_of_its_interventions_once(theory):
    shown = [name for kinds in interventions.series(theory.roles()).values() for name in kinds.values()]
    intervened = {name for name, students in theory.students.items() if students.soft_labels != "all"}
    assert sorted(shown) == sorted({"distilled_unscaled", "self_distilled_unscaled"} | intervened)


def scores(errors):
    rows = [
        {"predictor": name, "quantity": quantity, "size": 1, "mu": mu, "measured": error, "n_samples": 100}
        for name, error in errors.items()
        for quantity, mu in (("error_s", None), ("error", 0.0), ("error", 1.0))
    ]
    return pd.DataFrame(rows).assign(low=lambda t: t["measured"] - 0.01, high=lambda t: t["measured"] + 0.02)


def test_interventions_stand_in_their_rows_with_their_intervals(settings):
    errors = {name: 0.1 * i for i, name in enumerate(["single", *ROLES], 1)}
    axis = interventions.draw(scores(errors), interventions.series(ROLES), settings).axes[0]
    labels = [text.get_text() for text in axis.get_yticklabels()]
    assert labels == ["none (single)", "all soft labels", "own class only", "other classes: their mean"]
    bars = {}
    for container in axis.containers:
        point, _, (bar,) = container
        if len(point.get_xdata()):
            ((low, row), (high, _)) = bar.get_segments()[0]
            bars[round(point.get_xdata()[0], 6)] = (round(low, 6), round(high, 6), int(np.floor(row + 0.5)))
    rows = {"single": 0, "distilled": 1, "self_distilled": 1, "distilled_flat": 3}
    rows |= {"distilled_own_class": 2, "self_distilled_own_class": 2}
    expected = {
        round(errors[name], 6): (round(errors[name] - 0.01, 6), round(errors[name] + 0.02, 6), row)
        for name, row in rows.items()
    }
    assert bars == expected


def test_soft_labels_that_are_held_against_nothing_are_an_empty_picture(settings):
    table = pd.DataFrame(
        columns=["predictor", "role", "carried_learned", "carried_not_learned", "excess", "low", "high"]
    )
    (text,) = dark_knowledge.draw(table, settings).texts[:1]
    assert text.get_text() == "every sample has a view of every class"


def test_figures_of_all_soft_labels_leave_interventions_out(settings):
    whole = {"distilled", "self_distilled", "distilled_scratch"}
    assert set(registry.without_intervention(ROLES)) == whole
    # With another c, one kind is what an intervention is held against, and another a kind like others.
    unscaled = {"unscaled": role(teacher_size=30, scale=2.0), "unscaled_flat": role("flat", 30, scale=2.0)}
    louder = {"louder": role(teacher_size=30, scale=3.0)}
    assert set(registry.without_intervention(ROLES | unscaled | louder)) == whole | {"louder"}

    class File:
        def __init__(self, table):
            self.pandas = lambda: table
            self.provenance = {"config": {"students": ROLES}}

    class Sources:
        def __init__(self, table):
            self.one = lambda name: File(table)

    cells = [(0, 1), (1, 0)]
    dark = pd.DataFrame(
        [
            {"predictor": name, "role": "teacher", "carried_learned": a, "carried_not_learned": b}
            for name in ROLES
            for a, b in cells
        ]
    ).assign(excess=0.1, low=0.0, high=0.2)
    figure, shown = dark_knowledge.make(Sources(dark), {}, settings)
    titles = [axis.get_title() for axis in figure.axes if axis.get_visible()]
    assert titles == ["distilled", "self distilled", "distilled scratch"]
    assert set(shown["predictor"]) == {"distilled", "self_distilled", "distilled_scratch"}

    everyone = scores(dict.fromkeys(["single", "best", "ensemble", *ROLES], 0.2))
    figure, _ = error_over_mu.make(Sources(everyone), {}, settings)
    rows = [text.get_text() for text in figure.axes[1].get_yticklabels()]
    assert rows == ["single", "best of 1", "ensemble of 1", "distilled", "self distilled", "distilled scratch"]


def table_of_learned(views):
    """The table ``learned`` from bool ``[seeds, k, 2]`` by predictor, and the seeds."""
    rows = [
        {"predictor": name, "seed": seed, "class": i, "view": view + 1, "phi": 1.0, "learned": bool(has[i, view])}
        for (name, seed), has in views.items()
        for i in range(len(has))
        for view in (0, 1)
    ]
    return pd.DataFrame(rows)


def test_whose_a_view_is_by_hand():
    learned = table_of_learned(
        {
            ("single", 0): np.array([[1, 0], [0, 1]]),
            ("single", 7): np.array([[0, 1], [0, 1]]),
            ("self_distilled", 0): np.array([[1, 1], [1, 0]]),
        }
    )
    views = student_race.sort_views(learned, "self_distilled", {"teacher": "single", "teachers": {"0": [7]}})
    found = {(row["class"], row["view"]): (row["whose"], row["learned"]) for _, row in views.iterrows()}
    assert found == {
        (0, 1): ("own", True),
        (0, 2): ("teacher's", True),
        (1, 1): ("neither's", True),
        (1, 2): ("own", False),
    }


def test_views_are_sorted_as_the_verdicts_count_them():
    rng = np.random.default_rng(3)
    # Of each class the first, the second or both views are learned.
    drawn = {seed: np.array([[1, 0], [0, 1], [1, 1]])[rng.integers(0, 3, 12)] for seed in range(10)}
    views = {("single", seed): has for seed, has in drawn.items()}
    views |= {("self_distilled", seed): rng.integers(0, 2, (12, 2)) for seed in range(5)}
    learned = table_of_learned(views)
    own = ROLES["self_distilled"] | {"teachers": {str(seed): [seed + 5] for seed in range(5)}}
    lottery = learned[learned["predictor"] == "single"].assign(won=True, predicted=True)
    found = shares(learned, {"self_distilled": own}, lottery)
    counted = [found["self_distilled", name] for name in (KEEPS, *TAKES)]
    sorted_views = student_race.sort_views(learned, "self_distilled", own)
    for whose, (hits, cases) in zip(student_race.VIEWS, counted, strict=True):
        by_student = sorted_views[sorted_views["whose"] == whose].groupby("seed")["learned"]
        assert by_student.sum().reindex(range(5), fill_value=0).tolist() == list(hits)
        assert by_student.count().reindex(range(5), fill_value=0).tolist() == list(cases)
        assert cases.sum() > 0


def test_a_student_that_has_stopped_counts_in_the_median_as_it_ended(settings):
    curves = {0: [1.0, 2.0], 1: [3.0, 4.0, 8.0], 2: [5.0, 6.0, 9.0]}
    shown = pd.DataFrame(
        [
            {"seed": seed, "class": 0, "view": 1, "step": step, "phi": phi, "learned": seed > 0, "whose": "own"}
            for seed, curve in curves.items()
            for step, phi in enumerate(curve)
        ]
    )
    figure = student_race.draw(shown, "self_distilled", settings)
    own, *others = figure.axes
    (median,) = [line for line in own.lines if line.get_label() == "median"]
    assert median.get_xydata().tolist() == [[0, 3], [1, 4], [2, 8]]
    (lines,) = own.collections
    assert [line.tolist() for line in lines.get_segments()] == [
        [[step, phi] for step, phi in enumerate(curve)] for curve in curves.values()
    ]
    (ends,) = [line for line in own.lines if line is not median]
    assert ends.get_xydata().tolist() == [[1, 2], [2, 8], [2, 9]]
    assert own.get_title().endswith("(3 views, 67% learned)")
    assert [axis.get_title().splitlines()[1] for axis in others] == ["(0 views)", "(0 views)"]


def test_the_median_of_students_recorded_at_different_steps_is_of_their_curves(settings):
    ends = {0: (100, 1.0), 1: (105, 2.0), 2: (47, 0.5)}  # straight lines from 0; recorded at 0, 45, 90 and the end
    rows = [
        {"seed": seed, "class": 0, "view": 1, "step": step, "phi": 1 + slope * step, "learned": 1, "whose": "own"}
        for seed, (end, slope) in ends.items()
        for step in [*range(0, end, 45), end]
    ]
    figure = student_race.draw(pd.DataFrame(rows), "self_distilled", settings)
    (median,) = [line for line in figure.axes[0].lines if line.get_label() == "median"]
    assert dict(median.get_xydata().tolist()) == {0: 1, 45: 46, 47: 48, 90: 91, 100: 101, 105: 101}


def test_a_sweep_counts_ties_and_takes_the_students_of_its_points():
    point = {"value": 2.0, "study": "theory", "distilled": "distilled_t_4"}
    sweeps = {"T": config.Sweep(label="T", points=[{"value": 3.0, "study": "theory"}, point])}
    rows = [("single", 1, 0.5), ("ensemble", 2, 0.2), ("ensemble", 10, 0.1), ("distilled", 1, 0.3)]
    rows += [("distilled_t_4", 1, 0.4)]
    scores = pd.DataFrame(
        [(name, "error_s", size, error, error - 0.01, error + 0.02) for name, size, error in rows],
        columns=["predictor", "quantity", "size", "measured", "low", "high"],
    ).assign(split="test_single")
    # Of four races of two networks one is tied; a student's does not count.
    views = [(True, False), (True, True), (False, True), (True, False)]
    learned = pd.DataFrame(
        [("single", i // 2, i % 2, view + 1, views[i][view]) for i in range(4) for view in range(2)]
        + [("distilled", 0, 0, view, True) for view in (1, 2)],
        columns=["predictor", "seed", "class", "view", "learned"],
    )
    found = sweep.table(sweeps, {"theory": scores}, {"theory": learned}).set_index(["value", "quantity"])
    assert found["measured"].groupby("value").first().index.tolist() == [2.0, 3.0]
    assert found.loc[(2.0, "ensemble"), "measured"] == 0.1
    assert found.loc[(2.0, "distilled"), ["measured", "low", "high"]].tolist() == pytest.approx([0.4, 0.39, 0.42])
    assert found.loc[(3.0, "distilled"), "measured"] == 0.3
    assert np.isnan(found.loc[(3.0, "self_distilled"), "measured"])
    assert found.loc[(3.0, "ties"), "measured"] == 0.25


def test_the_limit_of_a_sweep_is_a_line_of_what_its_points_show():
    points = [{"value": value, "study": "theory"} for value in (1.0, 2.0)]
    sweeps = {"d": config.Sweep(label="d", points=points, limit="limit")}
    assert sweeps["d"].studies == ["theory", "theory", "limit"]
    columns = ["predictor", "quantity", "size", "measured", "low", "high"]
    finite = pd.DataFrame([("single", "error_s", 1, 0.4, 0.3, 0.5)], columns=columns).assign(split="test_single")
    limit = pd.concat([finite.assign(measured=0.5), finite.assign(predictor="distilled", measured=0.1)])
    found = sweep.table(sweeps, {"theory": finite, "limit": limit}, {})
    assert found.dropna().set_index(["value", "quantity"])["measured"].to_dict() == {
        (1.0, "single"): 0.4,
        (2.0, "single"): 0.4,
        (np.inf, "single"): 0.5,
        (np.inf, "distilled"): 0.1,
    }
    (axis,) = sweep.draw(found, sweeps, config.Figures()).axes
    dashed = [line.get_ydata() for line in axis.lines if line.get_linestyle() == "--"]
    assert dashed == [[0.5, 0.5]]  # its points have no students
    assert axis.get_xticks().tolist() == [1.0, 2.0]


def test_panels_of_a_sweep_share_an_axis_that_has_all_points():
    points = [{"value": 1.0, "study": "theory"}]
    sweeps = {name: config.Sweep(label=name, points=points) for name in ("low", "high", "low_again")}
    rows = [
        (name, 1.0, "single", error, error - 0.01, error + 0.02)
        for name, error in zip(sweeps, (0.1, 0.9, 0.2), strict=True)
    ]
    found = pd.DataFrame(rows, columns=["sweep", "value", "quantity", "measured", "low", "high"])
    figure = sweep.draw(found, sweeps, config.Figures())
    assert {axis.get_ylim()[0] for axis in figure.axes} == {0} and figure.axes[0].get_ylim()[1] > 0.92


def test_every_palette_of_the_config_has_its_colours():
    names = get_args(config.Figures.model_fields["palette"].annotation)
    assert set(style.PALETTES) == set(names)
    assert all(is_color_like(colour) for colours in style.PALETTES.values() for colour in colours)


def test_numbers_of_a_square_table_stand_in_their_cells(settings):
    agreement = pd.DataFrame(
        [(i, j, 1 - 0.1 * abs(i - j), 0.01 * (i + j + 1)) for i in range(3) for j in range(3)],
        columns=["seed", "other", "same", "both_wrong"],
    )
    differ, both_wrong, *_ = agreement_figure.draw(agreement, settings).axes
    texts = [{text.get_position(): text.get_text() for text in axis.texts} for axis in (differ, both_wrong)]
    assert texts[0] == {(0.5, 1.5): "10.0", (0.5, 2.5): "20.0", (1.5, 2.5): "10.0"}
    assert texts[1] == {(j + 0.5, i + 0.5): f"{i + j + 1:.1f}" for i in range(3) for j in range(i + 1)}
    assert differ.yaxis_inverted()


def test_a_figure_is_laid_out_once_and_saved_with_its_fonts(settings, tmp_path):
    style.apply(settings)
    figure, axis = plt.subplots(figsize=(style.COLUMN, 2))
    axis.set_ylabel("a label\nof many\nlines\nthat are\nhigh")
    axis.set_title("of it")
    draws, layouts = [], []
    figure.canvas.mpl_connect("draw_event", draws.append)
    engine = figure.get_layout_engine()
    execute = engine.execute
    engine.execute = lambda figure: (layouts.append(1), execute(figure))
    output = {kind: str(tmp_path / f"figure.{kind}") for kind in ("svg", "pdf", "png", "csv")}
    style.save(figure, pd.DataFrame({"x": [1]}), output, settings)
    assert (len(layouts), len(draws)) == (1, 3)
    assert axis.yaxis.label.get_window_extent().x0 >= 0
    assert b"/FontFile2" in (tmp_path / "figure.pdf").read_bytes()


@pytest.mark.parametrize("panels", [1, 2, 3])
def test_the_legend_of_a_sweep_lies_within_its_picture(panels):
    points = [{"value": value, "study": "theory"} for value in (1.0, 2.0)]
    sweeps = {f"sweep_{i}": config.Sweep(label=f"{i}", points=points) for i in range(panels)}
    rows = [
        (name, value, quantity, 0.3, 0.2, 0.4)
        for name in sweeps
        for value in (1.0, 2.0)
        for quantity in (*sweep.ERRORS, sweep.TIES)
    ]
    found = pd.DataFrame(rows, columns=["sweep", "value", "quantity", "measured", "low", "high"])
    figure = sweep.draw(found, sweeps, config.Figures())
    figure.canvas.draw()
    legend, picture = figure.legends[0].get_window_extent(), figure.bbox
    assert legend.x0 >= picture.x0 and legend.x1 <= picture.x1 and legend.y1 <= picture.y1
