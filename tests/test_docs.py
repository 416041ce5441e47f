"""What the documents say is so: numbers come from a run, names exist, links lead somewhere."""

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from snakemake import cli
from test_verdicts import measured

import readme
import runs
from multiview.store import artifacts

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "config/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
SMK = "".join(p.read_text() for p in ROOT.glob("workflow/**/*.smk"))
RULES = re.findall(r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:", SMK, re.MULTILINE)


@pytest.mark.parametrize("page", readme.PAGES)
def test_the_numbers_of_the_pages_are_those_of_the_runs_that_were_taken(page):
    text = (ROOT / page).read_text()
    assert readme.fill(text, ROOT / runs.SNAPSHOT) == text, "run: python tools/readme.py"


def row(study="theory", **changes):
    """A row of the table of verdicts."""
    return {
        **{
            "study": study,
            "part": "Theorem 1",
            "predictor": "single",
            "quantity": "error_s",
            "claim": "half of them",
        },
        **{"claim_low": 0.49, "claim_high": 0.51, "measured": 0.5, "low": 0.495, "high": 0.505},
        **{
            "scope": "networks and samples",
            "method": "t, two sides",
            "n_seeds": 40,
            "n_samples": 4000,
            "runs": 40,
        },
        **{"premise": "met", "verdict": "holds", "p_at_most": 0.0001, "stays_decided": True},
    } | changes


def snapshot(folder, *rows, draws=None):
    folder.mkdir(exist_ok=True, parents=True)
    pd.DataFrame(rows).to_csv(folder / "verdicts.csv", index=False)
    (folder / "chosen.json").write_text('{"theory": {"": "sigma_0 0.003", "distilled": "c 2, T 8"}}')
    (folder / "draws.json").write_text(json.dumps(draws or []))
    return folder


ROWS = (
    row(),
    row(predictor="distilled", part="Theorem 3", verdict="fails", measured=0.0123, stays_decided=False),
    row(study="digits", part="Section 5: images", verdict="undecided"),
    row(study="digits", part="Section 5: images", verdict="fails", quantity="accuracy minus single's"),
)


def test_the_first_page_has_every_statement_of_the_theorems_and_those_that_fail_first(tmp_path):
    lines = readme.theorems(snapshot(tmp_path, *ROWS)).splitlines()[2:]
    assert len(lines) == 2 and lines[0].startswith("| fails\\* | theory | distilled | error_s")
    assert lines[0].endswith("| c 2, T 8 |") and lines[1].endswith("| sigma_0 0.003 |")
    assert "0.0123 [0.4950, 0.5050]" in lines[0]


def test_statements_on_the_first_page_that_hold_alike_are_one_row_and_others_are_not(tmp_path):
    alike = [row(predictor=name) for name in ("single", "distilled", "self_distilled")]
    other = row(predictor="distilled_flat", measured=0.4999)
    lines = readme.theorems(snapshot(tmp_path, *alike, other)).splitlines()[2:]
    assert len(lines) == 2 and "| single, distilled, self_distilled |" in lines[0]
    assert lines[0].endswith("| sigma_0 0.003; c 2, T 8 |")
    failing = [row(predictor=name, verdict="fails") for name in ("single", "distilled")]
    assert len(readme.theorems(snapshot(tmp_path, *failing)).splitlines()[2:]) == 2


def test_draws_of_the_data_stand_beside_the_default(tmp_path):
    together = row(study="theory, 3 draws", scope="training sets", measured=0.4987, verdict="undecided")
    snapshot(tmp_path, *ROWS)
    snapshot(tmp_path / "data_seeds", row(study="theory_1"), row(study="theory_2"), together, draws=[["theory"]])
    beside = readme.theorems(tmp_path).splitlines()[3]
    assert "0.4987 [0.4950, 0.5050] undecided" in beside and "theory_1" not in beside
    # The table of draws has one column for each, and one for all together.
    (tmp_path / "data_seeds/draws.json").write_text(json.dumps([["theory", "theory_1", "theory_2"]]))
    lines = readme.draws(tmp_path).splitlines()
    assert lines[0] == "| | claim | theory | theory_1 | theory_2 | theory, 3 draws |"
    assert lines[2].startswith("| single | 0.49 to 0.51 | 0.500 [0.495, 0.505] |") and len(lines) == 4
    few = readme.draws(tmp_path, columns="few").splitlines()
    assert few[0] == "| | claim | theory | theory, 3 draws |" and few[2].endswith("| 0.499 [0.495, 0.505] |")


def test_statements_are_listed_with_the_studies_of_all_runs_in_which_they_are_decided(tmp_path):
    words = "the average of L networks gains"
    snapshot(tmp_path, row(study="digits", claim=words, verdict="undecided"))
    snapshot(tmp_path / "fashion", row(study="fashion", claim=words, verdict="holds"))
    lines = readme.decided(tmp_path).splitlines()
    assert re.fullmatch(r"1 of \d+ hold or fail in some study\.", lines[0])
    assert f"| ensemble: {words} | digits | fashion |" in lines


def test_the_tally_counts_what_the_table_has(tmp_path):
    lines = readme.tally(snapshot(tmp_path, *ROWS)).splitlines()
    counts = {line.split("|")[1].strip(): [int(cell) for cell in line.split("|")[2:-1]] for line in lines[2:6]}
    assert counts == {
        "Section 5: images": [1, 0, 1, 0],
        "Theorem 1": [0, 0, 0, 1],
        "Theorem 3": [1, 0, 0, 0],
        "all": [2, 0, 1, 1],
    }
    assert "Of 4 statements 1 hold (1 with a range of the paper's, 0 with one of ours), 2 fail, 1" in lines[-1]


def test_the_first_page_counts_as_many_that_fail_as_its_tables_have():
    text = (ROOT / "README.md").read_text()
    if "| all |" not in text:
        pytest.skip("no run of this version was taken into the first page yet")
    table = pd.read_csv(ROOT / runs.SNAPSHOT / "verdicts.csv")
    fails = table[table["verdict"] == "fails"]
    assert int(re.search(r"^\| all \| (\d+)", text, re.MULTILINE)[1]) == len(fails)
    everything = (ROOT / "docs/verdicts.md").read_text()
    assert len(re.findall(r"^\| fails", everything, re.MULTILINE)) == len(fails)
    of_theorems = fails["part"].str.startswith("Theorem").sum()
    assert len(re.findall(r"^\| fails", text, re.MULTILINE)) == of_theorems


def test_numbers_are_taken_of_the_studies_asked_for_and_draws_are_put_together(tmp_path):
    config = {
        "dataset": {
            "seed": 0,
            "z": {"own_multi": [1.0, 1.2], "strong": [1.0, 1.0], "other_multi": [0.2, 0.3]},
            "feature_noise_norm": 0.2,
            "background_noise_norm": 1.4,
        },
        "network": {"init_std": 0.001},
        "students": {},
    }
    for seed, (study, at) in enumerate({"theory": 0.5, "data_1": 0.501, "data_2": 0.499, "other": 0.3}.items()):
        about = {"study": study, "seeds": [seed, seed + 1], "config": config | {"students": {}}}
        about["config"]["dataset"] = config["dataset"] | {"seed": seed}
        if study == "other":
            about["config"]["network"] = {"init_std": 0.5}
        table = measured(study=study, claim="half", predictor="single", measured=at, half=0.002)
        path = tmp_path / "results" / study / "evaluation/measures.parquet"
        artifacts.write(path, "measures", table.to_dict("series"), about)
    default, provenances, groups = runs.judged(tmp_path / "results", ["theory", "other"], further=False)
    assert default["study"].tolist() == ["theory", "other"] and groups == []
    assert runs.chosen(provenances["other"]["config"])[""].endswith("sigma_0 0.5")
    preset, _, groups = runs.judged(tmp_path / "results", ["data_1", "data_2"], further=True)
    assert groups == [["theory", "data_1", "data_2"]]
    assert preset["study"].tolist() == ["data_1", "data_2", "theory, 3 draws"]
    assert preset["measured"].tolist() == pytest.approx([0.501, 0.499, 0.5])
    nothing, _, _ = runs.judged(tmp_path / "results", ["not_run"], further=True)
    assert nothing.empty


def test_a_table_of_an_earlier_version_is_not_taken(tmp_path):
    snapshot(tmp_path, {"study": "theory", "verdict": "holds"})
    left = []
    assert readme.fill("<!-- statements -->\nas it is\n<!-- end -->", tmp_path, left)
    assert "an earlier version made it" in left[0]


def test_a_block_without_a_run_stays_and_is_named_and_an_unknown_one_is_an_error(tmp_path):
    left = []
    text = "a <!-- run minutes -->35<!-- end --> b\n<!-- draws -->\n| x |\n<!-- end -->\n"
    assert readme.fill(text, tmp_path, left) == text
    assert [one.split(":")[0] for one in left] == ["run minutes", "draws"]
    with pytest.raises(KeyError, match="no block is called runs"):
        readme.fill("<!-- runs minutes -->35<!-- end -->", tmp_path)


def test_the_cost_of_a_run_is_that_of_its_jobs_whatever_ran_between_them(monkeypatch):
    monkeypatch.setattr(runs.os, "cpu_count", lambda: 2)
    jobs = [
        {"job": "a", "started": "2030-01-01T00:00:00+00:00", "seconds": 300.0, "max_rss_mb": 1024.0},
        {"job": "b", "started": "2030-01-01T00:02:00+00:00", "seconds": 60.0, "max_rss_mb": None},
        {"job": "c", "started": "2030-01-01T09:00:00+00:00", "seconds": 120.0, "max_rss_mb": 2048.0},
        {"job": "killed", "started": "2030-01-01T09:00:00+00:00"},
    ]
    cost = runs.cost(jobs)
    assert (cost["minutes"], cost["cores"], cost["memory"]) == (4, 2, 2.0) and cost["disk"] > 0.1


VERDICT = r"\b(?:holds?|fails?|failed|undecided|decided|ruled out|confirmed|refuted)\b"
NUMBER = r"(?<![\d.])0?\.\d{2,}|\d[\d.]* (?:points|minutes|hours|GB|MB)|(?<!95 )(?<![\d.])\d[\d.]* %(?! interval)"


def prose(text):
    """What a page says by itself: not in blocks that a command fills, nor in code."""
    text = re.sub(r"<!-- [\w ./]+ -->.*?<!-- end -->", "", text, flags=re.DOTALL)
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL).replace("2012.09816", "")


def typed(text):
    """Numbers that were measured, and words of verdict, that no command wrote."""
    found = prose(text)
    return re.findall(NUMBER, found) + re.findall(VERDICT, found, re.IGNORECASE)


@pytest.mark.parametrize("page", ["README.md", "docs/images.md", "docs/contrasts.md", "docs/verdicts.md"])
def test_no_measured_number_and_no_verdict_is_typed(page):
    assert not typed((ROOT / page).read_text())


def test_a_typed_number_or_verdict_would_be_found():
    for text in ("errs on 4.2 % of them", "an error of 0.485", "it holds on all draws", "is Undecided here"):
        assert typed(text), text
        assert not typed(f"<!-- draws -->\n{text}\n<!-- end -->") and not typed(f"```sh\n{text}\n```")
    assert not typed("a 95 % interval, with momentum 0.9 and c = 4")


def test_numbers_in_the_commands_follow_from_the_config(default):
    quickstart = (ROOT / "docs/quickstart.md").read_text()
    assert f"--config seeds={default['seeds'] + 5}\n" in quickstart  # five more of them
    text = (ROOT / "README.md").read_text()
    python = re.search(r"With Python (\S+) to (\S+),", text)
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required == f">={python[1]},<3.{int(python[2].split('.')[1]) + 1}"
    assert default["studies"]["theory"]["network"]["q"] != 5  # the example changes something


def test_what_the_papers_preset_costs_is_what_the_command_prints():
    text = (ROOT / "docs/images.md").read_text()
    command = [sys.executable, "bench/cost.py", "workflow/presets/paper.yaml", "--teraflops", "100"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_rows_of_a_table_have_as_many_cells_as_its_head(page):
    cells = []
    for line in page.read_text().splitlines():
        if not line.startswith("|"):
            cells = []
            continue
        cells.append(len(re.findall(r"(?<!\\)\|", line)))
        assert cells[-1] == cells[0], line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_and_rules_that_pages_name_exist(page):
    """A page may leave out the first folders: each name is the end of a path."""
    paths = [f"/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob("[!.]*/**/*") if path.is_file()]
    paths += [f"/{path.name}" for path in ROOT.iterdir()]
    named = set(re.findall(r"`/?((?:[\w.-]+/)*[\w-]+\.(?:py|smk))(?=[` ])", page.read_text()))
    missing = sorted(name for name in named if not any(path.endswith(f"/{name}") for path in paths))
    assert not missing


def test_everything_on_the_map_from_paper_to_code_exists():
    rows = [line for line in (ROOT / "docs/paper_to_code.md").read_text().splitlines() if line.startswith("| ")][
        1:
    ]
    assert len(rows) > 15
    for row in rows:
        _, code, rules, result = (re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|"))
        for name in code:
            module, attribute = name.rsplit(".", 1)
            assert hasattr(importlib.import_module(module), attribute), name
        assert rules and set(rules) <= set(RULES), row
        assert len(result) == 1


def test_the_rules_of_the_workflow_catalog_are_met():
    """Those for "standardized usage": where files are, what the README names, what the usage file says."""
    text = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in text and "workflow" in text
    assert (ROOT / "workflow/Snakefile").is_file()
    assert {path.suffix for path in (ROOT / "workflow/rules").iterdir()} == {".smk"}
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert isinstance(usage["mandatory-flags"]["flags"], str | list) and usage["report"] is True
    deployment = usage["software-stack-deployment"]
    assert deployment["conda"] is True and set(deployment) <= {"conda", "apptainer", "apptainer+conda"}
    sections = yaml.safe_load((ROOT / "config.yaml").read_text())
    readme_of_config = (ROOT / "config/README.md").read_text()
    assert all(f"`{section}`" in readme_of_config for section in sections)


def test_the_workflow_runs_as_the_catalog_deploys_it(tmp_path):
    """The folder `config` is copied, and a Snakefile takes the workflow as a module with the config in it."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").write_text(
        f"""
configfile: "config/config.yaml"


module multiview:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: config


use rule * from multiview
"""
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-n"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "train_images" in done.stdout + done.stderr, done.stdout + done.stderr


def commands(text):
    """Every command line of Snakemake in a text, without what is typed before it and said after it."""
    text = text.replace("\\\n", " ")
    for line in re.findall(r"(?:^|`|#)\s*(snakemake [^`\n]*)", text, re.MULTILINE):
        yield re.sub(r"\s#.*", "", line)


@pytest.mark.parametrize(
    "page",
    [*PAGES, *sorted((ROOT / "workflow/presets").iterdir()), *sorted((ROOT / "examples").glob("*.yaml"))],
    ids=lambda page: page.name,
)
def test_commands_mean_what_they_look_like(page):
    # `--configfile` takes all words up to the next option: a target behind it would be read as YAML.
    found = list(commands(page.read_text()))
    targets = re.findall(r"^rule (\w+):", (ROOT / "workflow/Snakefile").read_text(), re.MULTILINE)
    for line in found:
        options = cli.get_argument_parser().parse_args(shlex.split(line)[1:])
        assert all(str(path).endswith(".yaml") for path in options.configfile or []), line
        for target in options.targets:
            assert target.startswith("results/") or target in targets, line
    assert found or page.parent != ROOT or page.name == "CONTRIBUTING.md"
