"""The workflow as a part of other people's: from a repository, with a prefix, with families and own files."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pyarrow.parquet as pq
import pytest
import yaml
from conftest import ROOT, make_tiny
from test_workflow import command

from multiview.store import artifacts

SNAKEDEPLOY = "from snakedeploy.client import main; main()"
URL = "https://github.com/somebody/multiview"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A git repository with this workflow as it is now, which git takes for the one at `URL`; the environment."""
    root = tmp_path_factory.mktemp("git") / "somebody/multiview"
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.splitlines():
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes((ROOT / name).read_bytes())
    settings = root.parent / "gitconfig"
    settings.write_text(f'[url "file://{root.parent}/"]\n\tinsteadOf = {URL.rsplit("/", 1)[0]}/\n')
    environment = os.environ | {"GIT_CONFIG_GLOBAL": str(settings), "XDG_CACHE_HOME": str(root.parent / "cache")}
    identity = ["-c", "user.name=x", "-c", "user.email=x@x"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=root, env=environment, check=True)
    return root, environment


def tiny_family():
    """A tiny study of theory, and a family with one cell of a network of the user's own."""
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    study = raw["families"]["gaussian"]["study"]
    study |= {"seeds": 2, "ensembles": study["ensembles"] | {"sizes": [1, 2]}}
    study["machine"] = {"seeds_per_job": 2, "loggers": ["csv"], "checkpoint_seconds": 0}
    study["training"] |= {"epochs": 1}
    study["dataset"] |= {"train_samples": 64, "validation_samples": 10, "test_samples": 50}
    own = {"network": {"kind": "file", "path": "my_network.py", "name": "Mixer"}}
    family = {"shows": "gains", "beside": ["theory"], "study": study}
    tiny = make_tiny(raw)
    tiny["studies"]["theory"]["students"] = {}
    return tiny | {"families": {"gaussian": family | {"rows": {"normal": {}}, "columns": {"own": own}}}}


@pytest.mark.skipif(find_spec("snakedeploy") is None, reason="snakedeploy is not there for this Python")
def test_it_is_deployed_from_a_hosting_service_by_snakedeploy(repository, tmp_path):
    root, environment = repository
    deploy = [sys.executable, "-c", SNAKEDEPLOY, "deploy-workflow", URL, tmp_path / "mine", "--branch", "main"]
    subprocess.run(deploy, env=environment, check=True, capture_output=True)
    folder = tmp_path / "mine"
    assert (
        'github("somebody/multiview", path="workflow/Snakefile", branch="main")'
        in (folder / "workflow/Snakefile").read_text()
    )
    (folder / "config/config.yaml").write_text(
        yaml.safe_dump(make_tiny(yaml.safe_load((ROOT / "config.yaml").read_text())))
    )
    target = "results/theory/single/seeds_0-1/logits.parquet"
    done = subprocess.run(command(target), cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(pq.read_schema(folder / target).metadata[artifacts.METADATA_KEY])
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True).stdout.strip()
    assert record["revision"] == head


MODULE = """
configfile: "config.yaml"


module multiview:
    snakefile: "git+file://{root}/workflow/Snakefile@main"
    config: config
    prefix: "paper"


use rule * from multiview as multiview_*


rule everything:
    input: "paper/results/gaussian/figures/gains.svg", "paper/results/manifest.json"
    default_target: True
"""


def test_a_prefix_holds_for_everything_but_the_users_own_files(repository, tmp_path):
    root, environment = repository
    (tmp_path / "Snakefile").write_text(MODULE.format(root=root))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_family()))
    (tmp_path / "my_network.py").write_text((ROOT / "examples/my_network.py").read_text())
    # In somebody's own repository: its revision is not that of this workflow.
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(
        command("--scheduler", "greedy"), cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    left = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert left == {"Snakefile", "config.yaml", "my_network.py", "paper"}
    paper = tmp_path / "paper"
    assert {path.name for path in paper.iterdir()} == {"results", "logs", "benchmarks"}
    assert list(paper.glob("logs/gaussian/normal/own/lightning/**/metrics.csv"))
    manifest = json.loads((paper / "results/manifest.json").read_text())
    named = {entry["job"]: entry for entry in manifest["jobs"]}
    assert {"theory/single_0-1", "gaussian/normal/own/single_0-1", "gaussian/gains"} <= set(named)
    assert named["theory/single_0-1"]["seconds"] > 0
