"""What the documents say is so: numbers come from a run, names exist, links lead somewhere."""

import importlib
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

from multiview import readme

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "config/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
RULES = re.findall(r"^rule (\w+):", "".join(p.read_text() for p in ROOT.glob("workflow/**/*.smk")), re.MULTILINE)


@pytest.mark.parametrize("page", readme.PAGES)
def test_the_numbers_of_the_pages_are_those_of_the_runs_that_were_taken(page):
    text = (ROOT / page).read_text()
    assert readme.fill(text, ROOT / readme.SNAPSHOT) == text, "run: python -m multiview.readme"


def test_a_changed_number_changes_the_readme(tmp_path):
    shutil.copytree(ROOT / readme.SNAPSHOT, tmp_path, dirs_exist_ok=True)
    table = pd.read_csv(tmp_path / "verdicts.csv")
    table.loc[0:, "measured"] += 0.001
    table.to_csv(tmp_path / "verdicts.csv", index=False)
    (tmp_path / "run.json").write_text('{"minutes": 12345, "cores": 2, "disk": 1.5}')
    text = (ROOT / "README.md").read_text()
    filled = readme.fill(text, tmp_path)
    changed = set(filled.splitlines()) - set(text.splitlines())
    assert sum(line.startswith("| ") for line in changed) == len(readme.FIRST_PAGE)
    assert "12345<!-- end --> minutes" in filled
    table[table["study"] != "theory"].to_csv(tmp_path / "verdicts.csv", index=False)
    with pytest.raises(KeyError, match="no statement on single"):
        readme.fill(text, tmp_path)


def test_a_block_without_a_run_stays_and_is_named_and_an_unknown_one_is_an_error(tmp_path):
    left = []
    text = "a <!-- run minutes -->35<!-- end --> b\n<!-- draws -->\n| x |\n<!-- end -->\n"
    assert readme.fill(text, tmp_path, left) == text
    assert [one.split(":")[0] for one in left] == ["run minutes", "draws"]
    with pytest.raises(KeyError, match="no block is called runs"):
        readme.fill("<!-- runs minutes -->35<!-- end -->", tmp_path)


def test_draws_stand_beside_one_another(tmp_path):
    default = pd.read_csv(ROOT / readme.SNAPSHOT / "verdicts.csv")
    default.to_csv(tmp_path / "verdicts.csv", index=False)
    others = [default[default["study"] == "theory_students"].assign(study=name) for name in readme.DRAWS[1:]]
    (tmp_path / "data_seeds").mkdir()
    pd.concat(others).to_csv(tmp_path / "data_seeds/verdicts.csv", index=False)
    lines = readme.draws(tmp_path).splitlines()
    assert len(lines) == 2 + len(readme.OF_A_DRAW)
    cells = lines[2].strip("|").split("|")
    assert cells[0].strip() == "single" and len(set(cells[1:])) == 1 and len(cells) == 5


def test_the_cost_of_a_run_counts_no_pause_and_no_minute_twice():
    at = "2030-01-01T00:{:02}:00+00:00".format
    jobs = [
        {"job": "a", "started": at(0), "seconds": 300.0, "max_rss_mb": 1024.0},
        {"job": "b", "started": at(2), "seconds": 60.0, "max_rss_mb": None},
        {"job": "c", "started": at(4), "seconds": 120.0, "max_rss_mb": 2048.0},
        {"job": "d", "started": at(40), "seconds": 60.0, "max_rss_mb": 10.0},
        {"job": "killed", "started": at(50)},
    ]
    cost = readme.cost(jobs)
    assert cost["minutes"] == 7 and cost["memory"] == 2.0 and cost["disk"] > 0.1


@pytest.mark.parametrize("page", ["README.md", "docs/images.md", "docs/contrasts.md"])
def test_no_other_measured_number_is_on_the_pages(page):
    text = re.sub(r"<!-- [\w ./]+ -->.*?<!-- end -->", "", (ROOT / page).read_text(), flags=re.DOTALL)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert not re.findall(
        r"(?<![\d.])0?\.\d{2,}|\d[\d.]* (?:points|minutes|hours|GB|MB)", prose.replace("2012.09816", "")
    )


def test_numbers_in_the_commands_follow_from_the_config(default):
    text = (ROOT / "README.md").read_text()
    assert f"--config seeds={default['seeds'] + 5}\n" in text  # five more of them
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
