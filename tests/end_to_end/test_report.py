"""A report in a real browser: nothing is refused or fetched, nothing runs over the edge."""

from __future__ import annotations

from pathlib import Path

import pytest
from end_to_end.chromium import browser, find_chromium
from hostile_results import spoilt_file
from hostile_texts import HOSTILE
from report_fixture import written

from unpact_tui.reporting.command import report

KINDS = ("triage", "track", "weights", "findings", "run")
OVER_THE_EDGE = """[...document.body.querySelectorAll("*")].filter(
    (e) => !e.closest("table") && e.getBoundingClientRect().right > innerWidth + 1
).map((e) => e.outerHTML.slice(0, 200)).join("\\n")"""


@pytest.mark.slow
async def test_every_kind_of_result_is_drawn_in_a_browser(tmp_path: Path) -> None:
    chromium = find_chromium()
    file = tmp_path / "page.html"
    assert report([written(tmp_path, kind) for kind in KINDS], "html", file, "Sweep") == 0
    async with browser(chromium, tmp_path / "profile") as page:
        await page.open(file.as_uri())
        while await page.evaluate("document.readyState") != "complete":
            pass
        assert await page.evaluate("document.title") == "Sweep"
        assert await page.evaluate("document.querySelectorAll('svg circle').length") >= 20
        seen = "[...document.querySelectorAll('svg')].every((e) => e.clientWidth > 300)"
        assert await page.evaluate(seen) is True
        assert await page.evaluate(OVER_THE_EDGE) == ""
        # The ground of a coloured token comes from the page's own style, which its policy lets in.
        ground = "getComputedStyle(document.querySelector('.tokens .u5')).backgroundColor"
        assert await page.evaluate(ground) not in ("", "rgba(0, 0, 0, 0)")
        assert page.complaints == []
        assert page.requests == [file.as_uri()]


@pytest.mark.slow
async def test_nothing_that_a_stranger_wrote_runs_in_a_browser(tmp_path: Path) -> None:
    chromium = find_chromium()
    text = "".join(HOSTILE[name] for name in ("html-close", "html", "style")) + HOSTILE["zalgo"]
    files = [spoilt_file(tmp_path, kind, text)[0] for kind in KINDS]
    file = tmp_path / "page.html"
    assert report(files, "html", file, text) == 0
    async with browser(chromium, tmp_path / "profile") as page:
        await page.open(file.as_uri())
        while await page.evaluate("document.readyState") != "complete":
            pass
        # A dialog would leave this unanswered.
        assert str(await page.evaluate("document.title")).startswith("</title></style></table>")
        foreign = "document.querySelectorAll('script, img, svg[onload]').length"
        assert await page.evaluate(foreign) == 0
        assert await page.evaluate("document.querySelectorAll('style').length") == 1
        ground = "getComputedStyle(document.querySelector('.tokens .u5')).backgroundColor"
        assert await page.evaluate(ground) not in ("", "rgba(0, 0, 0, 0)")
        assert page.complaints == []
        assert page.requests == [file.as_uri()]
        # Had some markup got in after all, the page's policy would have refused it.
        await page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=//evil.example/x"
            ' onerror="document.title=1"><i id=late style="position:fixed">x</i>\');'
            "document.head.append(Object.assign(document.createElement('style'),"
            "{textContent:'#late{position:fixed}'}));"
            "document.body.append(Object.assign(document.createElement('script'),"
            "{textContent:'document.title=2'}))"
        )
        assert str(await page.evaluate("document.title")).startswith("</title>")
        late = "getComputedStyle(document.querySelector('#late')).position"
        assert await page.evaluate(late) == "static"
        refused = [words for words in page.complaints if "Content Security Policy" in words]
        assert len(refused) >= 4  # the picture, its handler, a style, the script
