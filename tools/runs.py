"""Takes the numbers and pictures of runs into ``docs/results/``, from where `readme` fills the pages."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from multiview.claims import claim, headline, pages, verdicts
from multiview.runtime import manifest
from multiview.store import artifacts

SNAPSHOT = Path("docs/results")
PICTURES = {
    "error_over_mu": "theory/figures",
    "interventions": "theory/figures",
    "accuracy": "digits/figures",
    "features_in_theory": "comparisons",
    "gains": "gaussian/figures",
}
"""Where the pictures of the pages come from."""

OF_PRESETS = {
    "sweep": "sweep",
    "classes": "sweep",
    "samples": "sweep",
    "generations": "generations/figures/generations",
    "fashion": "fashion/figures/accuracy",
    "paired": "paired/figures/error_over_mu",
    "narrow_layer": "narrow_layer/figures/losses",
}
"""The pictures of presets."""


class NotTaken(Exception):
    """What is needed is of a run of which no numbers were taken yet."""


def take(results: Path, snapshot: Path = SNAPSHOT, preset: Path | None = None) -> None:
    """Take the numbers of a run: of the default config with everything in it, or of a preset's own studies.

    Numbers are kept in `snapshot`, those of a preset in a folder called as it is.

    Raises:
        ArtifactError: if a file of the run is missing or damaged.
        NotTaken: if a picture is missing, or nothing of the preset has been run.
    """
    if preset is None:
        raw = yaml.safe_load(Path("config.yaml").read_text())
        folder, studies = snapshot, [*raw["studies"], *raw["families"], *raw["comparisons"]]
        pictures = {name: results / where / f"{name}.png" for name, where in PICTURES.items()}
        if missing := [str(path) for path in pictures.values() if not path.exists()]:
            raise NotTaken(f"there is no {', '.join(missing)}: run snakemake to its end first")
    else:
        raw = yaml.safe_load(preset.read_text())
        folder, studies = snapshot / preset.stem, [*raw.get("studies", {}), *raw.get("families", {})]
        picture = results / f"{OF_PRESETS.get(preset.stem)}.png"
        pictures = {preset.stem: picture} if picture.exists() else {}
    table, provenances, groups = judged(results, studies, further=preset is not None)
    if table.empty:
        raise NotTaken(f"{results} has nothing of {', '.join(studies)}: run {preset or 'snakemake'} first")
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "verdicts.csv", index=False, float_format="%.6g")
    settings = {study: chosen(one["config"]) for study, one in provenances.items() if "config" in one}
    (folder / "chosen.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")
    (folder / "draws.json").write_text(json.dumps(groups, indent=1) + "\n")
    if (results / "headline.parquet").exists():
        table = artifacts.read(results / "headline.parquet", "headline").pandas()
        table = table[table["study"].isin(studies)]
        if len(table):
            (folder / "headline.md").write_text(pages.markdown(*headline.cells(table)) + "\n")
    jobs = manifest.jobs(results.parent / "logs", results.parent / "benchmarks")
    # Other studies may have been run in the same folder.
    jobs = [
        job for job in jobs if (preset is None and "/" not in job["job"]) or job["job"].split("/")[0] in studies
    ]
    (folder / "run.json").write_text(json.dumps(cost(jobs), indent=1) + "\n")
    if preset is not None and raw.get("sweeps"):
        shutil.copyfile(results / "sweep.csv", folder / "sweep.csv")
    for name, path in pictures.items():
        shutil.copyfile(path, snapshot.parent / f"{name}.png")


def judged(results: Path, studies: Sequence[str], further: bool) -> tuple[pd.DataFrame, dict, list[list[str]]]:
    """The verdicts on some studies and families, and on the draws of the data that they are among.

    `further`: whether draws with other studies of the folder count, or only those with one another.

    Returns:
        The table ``verdicts``, the provenance of what each study measured, and the groups of draws.
    """
    files = [artifacts.read(path, "measures") for path in sorted(results.glob("**/evaluation/measures.parquet"))]
    found = {file.provenance["study"]: file for file in files}
    own = [name for study in dict.fromkeys(studies) for name in found if name.split("/")[0] == study]
    # The default's study comes first among its draws.
    provenances = {name: found[name].provenance for name in [*sorted(set(found) - set(own)), *own]}
    groups = verdicts.draws(provenances)
    groups = [one for one in groups if set(one) <= set(own) or (further and set(one) & set(own))]
    if not own:
        return pd.DataFrame(), {}, []
    everything = pd.concat([file.pandas() for file in files], ignore_index=True)
    rows = [found[name].pandas() for name in own]
    together = verdicts.pooled(everything, groups, claim.by_name())
    table = verdicts.judge(pd.concat([*rows, together], ignore_index=True), claim.by_name())
    return table, {name: provenances[name] for name in own}, groups


def chosen(study: Mapping[str, Any]) -> dict[str, str]:
    """What was chosen for the networks of a study, and for each kind of students, where the paper leaves it open.

    `study` is the config in the provenance of what was measured. The result is by the name of the students, and by
    ``""`` for all networks; empty for images.
    """
    dataset, network = study["dataset"], study["network"]
    if "z" not in dataset:
        return {}
    strengths, noise = dataset["z"], (dataset["feature_noise_norm"], dataset["background_noise_norm"])
    own, strong, other = (
        " to ".join(dict.fromkeys(f"{end:g}" for end in strengths[key]))
        for key in ("own_multi", "strong", "other_multi")
    )
    found = {
        "": f"own views {own}, strong {strong}, others' {other}; noise {noise[0]:g}, {noise[1]:g}; "
        f"sigma_0 {network['init_std']:g}"
    }
    for name, role in study["students"].items():
        objective = role["objective"]
        own = objective[objective["kind"]]
        if objective["kind"] == "hinton":
            text = f"T {own['temperature']:g}, alpha {own['alpha']:g}"
        else:
            text = f"tau {own['tau']:g}, eta' / eta {own['strength']:g}"
        found[name] = f"c {objective['teacher_scale']:g}, {text}; start {role['start']}"
    return found


def cost(jobs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What a run took: ``minutes`` on the ``cores`` of this machine, and in GB the ``memory`` of the largest job
    and the ``disk`` that the environment fills.

    Minutes are those of all jobs together over the cores: what a run takes that keeps them busy, whatever else was
    run between its jobs.
    """
    done = [job for job in jobs if "seconds" in job]
    cores = os.cpu_count() or 1
    files = [path for path in Path(sys.prefix).rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        "minutes": round(sum(job["seconds"] for job in done) / cores / 60),
        "cores": cores,
        "memory": round(max((job["max_rss_mb"] or 0 for job in done), default=0) / 1024, 1),
        "disk": round(sum(path.stat().st_size for path in files) / 1e9, 1),
    }
