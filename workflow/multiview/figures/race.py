"""The race: the strength of both views of a class while a network trains (Section 3 of the paper)."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from multiview import config
from multiview.figures import style


def draw(strengths: pd.DataFrame, seed: int, settings: config.Figures) -> plt.Figure:
    """Draw Phi of both views over the steps of one seed, a panel a class.

    Args:
        strengths: the table ``strengths``.
        seed: which of its seeds.
        settings: the figures section of the config.
    """
    colours = style.apply(settings)
    one = strengths[strengths["seed"] == seed]
    classes = sorted(one["class"].unique())[: settings.race_classes]
    one = one[one["class"].isin(classes)].assign(**{"class": lambda t: t["class"] + 1})
    grid = sns.relplot(
        one,
        x="step",
        y="phi",
        hue="view",
        style="view",
        col="class",
        col_wrap=min(3, len(classes)),
        kind="line",
        palette=colours[:2],
        errorbar=None,
        height=1.6,
        aspect=style.PAGE / 3 / 1.6,
        facet_kws={"despine": True},
    )
    grid.set(yscale="log", ylim=(one.loc[one["phi"] > 0, "phi"].min() / 2, one["phi"].max() * 2))
    grid.set_titles("class {col_name}")
    grid.set_axis_labels("gradient step", r"strength $\Phi_{i,l}$")
    grid.legend.set_title("view $l$")
    grid.figure.suptitle(f"The race between the two views of a class, seed {seed}", fontsize=settings.font_size)
    return grid.figure
