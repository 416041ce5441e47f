"""Opens a report in headless Chromium and walks through it (`report_driver.js`), as a reader does."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from multiview.figures import style

WATCH = """<script>
var errors = [];
addEventListener("error", (event) => errors.push(String(event.message)));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
console.error = (...words) => errors.push(words.join(" "));
</script>"""
"""Runs before the page's own scripts."""

WIDTHS = {round(96 * width) for width in (style.COLUMN, style.PAGE)}
"""Of figures, in pixels of a browser."""

OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,900"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-web-security", "--virtual-time-budget=600000"),
]


def walk(report: Path, folder: Path) -> dict:
    """What a reader of a report sees.

    Args:
        report: the page.
        folder: an empty one, for the browser.

    Returns:
        ``landing``, the text of the first page; ``categories``, in the order of the menu; ``seen``, a record of
        everything that was opened: ``category``, ``labels``, ``path``, ``kind``, ``width``, ``height`` in pixels,
        whether ``visible``, ``caption``, and of tables ``text`` and ``rows``; ``known``, the paths of all figures
        and tables in the report; ``errors`` of scripts; ``requests``, all URLs that the page asked for.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser (Debian: chromium) to open the report with")
    text = report.read_text()
    start, end = text.index("<head>") + len("<head>"), text.rindex("</body>")
    driver = f"<script>{(ROOT / 'tests/report_driver.js').read_text()}</script>"
    page = folder / "driven.html"
    page.write_text(text[:start] + WATCH + text[start:end] + driver + text[end:])
    log = folder / "net.json"
    done = subprocess.run(
        [
            browser,
            *OPTIONS,
            f"--user-data-dir={folder}/browser",
            f"--log-net-log={log}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    found = re.search(r'<pre id="walk">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-3000:]
    # What Chromium asks for on its own account (the time, updates) has no page as initiator.
    asked = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    urls = {
        one["url"] for one in asked if "url" in one and one.get("initiator", "not an origin") != "not an origin"
    }
    return json.loads(html.unescape(found[1])) | {"requests": sorted(urls)}


def check(report: Path, folder: Path) -> dict:
    """Assert that a report opens without a fault and shows all it has; return what `walk` saw."""
    found = walk(report, folder)
    assert not found["errors"] and not found["requests"]
    assert {one["path"] for one in found["seen"]} == set(found["known"])
    for one in found["seen"]:
        name = one["path"]
        assert one["visible"] and one["height"] > 100, one
        assert len(one["caption"]) > 60 and ("Look" in one["caption"]), f"{name}: what is to be looked for?"
        assert one["kind"] == ("html" if name.endswith(".html") else "img")
        if one["kind"] == "img":
            assert one["width"] in WIDTHS, f"{name}: neither one column of a paper nor two"
        else:
            assert one["rows"] > 1, name
    return found
