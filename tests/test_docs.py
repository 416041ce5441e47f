"""What the documents say is so: numbers come from a run, names exist, links lead somewhere."""

import importlib
import re

import pandas as pd
import pytest
from conftest import ROOT

from multiview import readme

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RULES = re.findall(r"^rule (\w+):", "".join(p.read_text() for p in ROOT.glob("workflow/**/*.smk")), re.MULTILINE)


def test_the_numbers_of_the_readme_are_those_of_the_run_that_was_taken():
    text = (ROOT / "README.md").read_text()
    assert readme.fill(text, ROOT / readme.SNAPSHOT) == text, "run: python -m multiview.readme results"


def test_a_changed_number_changes_the_readme(tmp_path):
    for path in (ROOT / readme.SNAPSHOT).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = pd.read_csv(tmp_path / "verdicts.csv")
    table.loc[0:, "measured"] += 0.001
    table.to_csv(tmp_path / "verdicts.csv", index=False)
    text = (ROOT / "README.md").read_text()
    assert readme.fill(text, tmp_path) != text
    with pytest.raises(KeyError, match="no statement on single"):
        readme.verdicts(table[table["study"] != "theory"])


def test_the_first_page_has_no_other_measured_number():
    text = re.sub(r"<!-- \w+ -->.*?<!-- end -->", "", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert not re.findall(r"(?<![\d.])0?\.\d{2,}", prose.replace("2012.09816", ""))


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
