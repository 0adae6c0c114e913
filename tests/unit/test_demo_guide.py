"""What the demo says first: true of the recipe, keys that exist, no outcome, and plain text."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from inspector import workbench

from methods.errors import UnknownName
from unpact_tui.app import keys
from unpact_tui.app.guide import Guide
from unpact_tui.demo.guide import guide, guide_of
from unpact_tui.demo.recipe import DEFAULT

SUMMARY = "Lead the hidden states astray (RMU)."


def test_its_keys_exist() -> None:
    known = {binding.id for binding in (*keys.COMPARE, keys.GUIDE)}
    _, _, steps = guide("RMU", SUMMARY)
    assert {key for key, _ in steps if key} <= known
    assert [key for key, _ in steps if key][:4] == [
        "take_key_tokens",
        "next_strategy",
        "undo",
        "next_prompt",
    ]


def test_it_counts_the_recipe_s_people() -> None:
    _, lines, _ = guide("RMU", SUMMARY, recipe=replace(DEFAULT, people=23, forgotten=4))
    assert lines[0].startswith("23 ")
    assert "forget 4" in lines[0]


def test_it_names_the_method_and_says_what_it_does() -> None:
    _, lines, _ = guide("RMU", SUMMARY)
    assert lines[1:] == ("RMU in a sentence: lead the hidden states astray.",)
    _, lines, _ = guide("NPO", "KL from itself, climbed.", "Its learning rate is high here.")
    assert lines[1:] == (
        "NPO in a sentence: KL from itself, climbed.",
        "Its learning rate is high here.",
    )


def test_it_says_ids_and_not_attention_and_promises_nothing() -> None:
    title, lines, steps = guide("RMU", SUMMARY)
    everything = " ".join((title, *lines, *(sentence for _, sentence in steps)))
    assert "token ids bring back, not attention" in everything
    for outcome in ("comes back", "come back", "recovers", "erased", "suppressed", "%"):
        assert outcome not in everything.lower()
    assert everything.isascii()
    assert everything.isprintable()


@pytest.mark.parametrize("size", [(72, 24), (80, 24)])
async def test_it_fits_on_a_small_screen_without_scrolling(size: tuple[int, int]) -> None:
    text = Guide(*guide_of("RMU", "A sentence about the settings that takes two lines. " * 2))
    async with workbench(guide=text).run_test(size=size) as pilot:
        await pilot.pause()
        box = pilot.app.screen.query_one(".guide")
        assert (box.max_scroll_y, box.region.bottom <= size[1] - 1) == (0, True)


@pytest.mark.parametrize(
    ("name", "words"), [("RMU", "lead the hidden states"), ("NPO_GDR", "preference")]
)
def test_a_method_says_itself_what_it_does(name: str, words: str) -> None:
    found = Guide(*guide_of(name))
    assert found.lines[1].startswith(f"{name} in a sentence: ")
    assert words in found.lines[1]


def test_a_name_that_is_no_method_is_refused() -> None:
    with pytest.raises(UnknownName):
        guide_of("forgetting")


def test_it_needs_neither_torch_nor_textual() -> None:
    code = (
        "import sys, unpact_tui.app.guide, unpact_tui.demo.guide as g; g.guide_of('RMU');"
        "print([m for m in ('torch', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
