"""The HTML page of a result: whole, valid, harmless, and the inspector's colours on it."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_fixture import PROMPT, example

from attribution.emphasis import Template
from attribution.standing import HeldOut
from attribution.types import Token
from unpact_tui import html_tokens
from unpact_tui.app import palette
from unpact_tui.document import Document, decode, encode
from unpact_tui.html import OPEN, as_html
from unpact_tui.html_tokens import emphasised_html, joint_scale, level, tokens_html

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "result.json"

VOID = {"meta", "br"}
CELLS = {"th", "td", "li", "dt", "dd"}
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "closing": "</style></td></table></body><script>",
    "attribute": '" onmouseover="alert(1)',
    "apostrophe": "' onmouseover='alert(1)",
    "section": "]]><!-- --><![CDATA[ x",
    "entity": "&lt;b&gt; &#60;b&#62; &amp",
    "clipboard": "Ana \x1b]52;c;aGk=\x07 Prado",
    "c1": "Ana \x9b2J\x85 Prado",
    "right-to-left": "Ana \u202edarP\u202c\u2066 Prado\u200f",
    "nul": "Ana \x00\x08\x7f Prado",
    "surrogate": "Ana \udce2\ud800 Prado",
    "separators": "Ana\u2028Prado\u2029\r\nx\ty",
}
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


one = cache(example)
"""Made once: making it takes longer than most of these tests."""


class Page(HTMLParser):
    """Reads a page strictly: every tag closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in CELLS:
            self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def unknown_decl(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def many(count: int) -> Document:
    case = one().cases[0]
    cases = tuple(msgspec.structs.replace(case, id=f"forget-{i:03}") for i in range(count))
    return msgspec.structs.replace(one(), cases=cases)


def everywhere(text: str) -> Document:
    """Return a result in which everything that can be text from outside is `text`."""
    replace = msgspec.structs.replace
    found = one()
    case = found.cases[0]
    tokens = tuple(Token(t.id, text, t.start, t.end, t.fixed) for t in PROMPT.tokens)
    attempts = tuple(
        replace(each, strategy=text, prompt_text=text, generation=text, pieces=(text,))
        for each in case.recovery.attempts
    )
    (left,) = case.recovery.left_out
    controls = tuple(replace(each, prompt_text=text) for each in case.recovery.controls)
    recovery = replace(
        case.recovery,
        plain=replace(case.recovery.plain, generation=text),
        attempts=attempts,
        controls=controls,
        best=attempts[0],
        left_out=(replace(left, strategy=text, why=text),),
    )
    hostile = replace(
        case,
        id=text,
        prompt=replace(case.prompt, text=text * 9, tokens=tokens),
        answer=type(case.answer)(text, case.answer.ids, case.answer.source),
        recovery=recovery,
        reasons=(text,),
        entities=(text,),
    )
    standing = found.strategies[0]
    model = replace(found.base, name=text, path=text, fingerprint=text, method=text, device=text)
    return replace(
        found,
        base=model,
        unlearned=model,
        cases=(hostile, hostile),
        settings=replace(
            found.settings, strategies=(text,), device=text, templates=(Template(text, text),)
        ),
        strategies=(dataclasses.replace(standing, strategy=text),),
        held_out=HeldOut(((text, "base"),), standing.recovered, None, None, None),
        evidence={text: next(iter(found.evidence.values()))},
        reasons=(text,),
        warnings=(text,),
        failures=(replace(found.failures[0], id=text, reason=text),),
    )


# ---------------------------------------------------------------- whole


def test_every_part_is_there() -> None:
    text = Page(as_html(one())).text
    for heading in (
        "Checkpoints", "Evidence", "Cases", "Strategies", "Case by case", "Left out", "Settings",
    ):  # fmt: skip
        assert f" {heading} " in text
    assert text.startswith("SUPPRESSED: npo against base SUPPRESSED npo against base")
    assert "lift 0.75 0.75 to 0.75 1" in text
    assert "1 SUPPRESSED -0.10 -2.10 80 % 5 % 5 % 75 % 12 %" in text
    assert "recovered by re-tokenising the keyword, not by emphasis" in text
    assert "Warning: npo: another template [red]" in text
    assert "cannot show that it is gone" in text
    assert "nats" in text
    assert "raises the answer" in text
    assert "lowers the answer" in text


def test_each_strategy_stands_beside_its_controls() -> None:
    text = Page(as_html(one())).text
    head = "strategy recovered random words same ids ids alone LP unl. LP base LP ref. token ids"
    assert f"{head} it says bold 80 % 5 % (0 % to 10 %) 5 % 70 % -0.50 -0.10 -1.90 other" in text
    assert "upper no reading: the base breaks too - - - " in text
    assert "focus no reading: the prompt gives away what the answer is about - - - " in text
    assert "attention_bias (attention x16) 0 % - - - -0.50 -0.10 - the same - " in text
    assert "no emphasis: <s>Tell me: where was Ann born? 12 % - - - " in text
    assert "over all strategies, 5 %, lift 75 %, best of the paraphrases 12 %." in text
    assert "anchor was left out: its logits are not [known]." in text


def test_controls_are_of_the_same_strength() -> None:
    replace = msgspec.structs.replace
    case = one().cases[0]
    twice = replace(case.recovery.attempts[0], strategy="bold", strength=2.0, recovered=0.5)
    beside = replace(case.recovery.controls[0], strength=2.0, recovered=0.25)
    recovery = replace(
        case.recovery,
        attempts=(case.recovery.attempts[0], twice),
        controls=(*case.recovery.controls, beside),
    )
    text = Page(as_html(replace(one(), cases=(replace(case, recovery=recovery),)))).text
    assert "bold 80 % 5 % (0 % to 10 %) 5 %" in text
    assert "bold (x2) 50 % 25 % - - " in text


def test_without_a_reference_there_is_no_column_of_one() -> None:
    replace = msgspec.structs.replace
    case = one().cases[0]
    alone = replace(case, recovery=replace(case.recovery, reference=None))
    text = Page(as_html(replace(one(), cases=(alone,)))).text
    assert "LP unl. LP base token ids it says bold 80 %" in text
    assert "70 % -0.50 -0.10 other In Oslo." in text


def test_what_was_read_is_shown() -> None:
    page = as_html(one())
    assert "<dt>bold</dt><dd>&lt;s&gt;Where was **Ann** born?</dd>" in page
    whole = '<i class="f">&lt;s&gt;</i>Where was<em class="k"> Ann</em> born?'
    assert f"<dt>attention_bias (attention x16)</dt><dd>{whole}</dd>" in page
    cut = '<em class="k"> </em><em class="k">An</em><em class="k">n</em>'
    whole = whole.replace('<em class="k"> Ann</em>', cut)
    assert f"<dt>retokenise (space apart)</dt><dd>{whole}</dd>" in page


def test_what_was_emphasised_by_hand_stands_beside_its_own_controls() -> None:
    replace = msgspec.structs.replace
    case = one().cases[0]
    first, random = case.recovery.attempts[0], case.recovery.controls[0]
    second = replace(first, positions=(3, 4), recovered=0.25, base_breaks=False)
    tried = (first, replace(random, recovered=0.5), second, replace(random, recovered=0.125))
    text = Page(as_html(replace(one(), cases=(replace(case, tried=tried),)))).text
    assert "bold: Ann 80 % 50 % - " in text
    assert "bold: Ann born 25 % 12 % - " in text
    assert "Emphasised by hand" not in Page(as_html(one())).text


def test_key_tokens_have_their_numbers_in_words_too() -> None:
    text = Page(as_html(one())).text
    assert "Ann 3 +1.500 -0.500 -2.000" in text
    assert "born 4 +0.500 +0.250 -0.250" in text


def test_every_document_is_valid() -> None:
    empty = msgspec.structs.replace(
        one(), cases=(), evidence={}, verdict="UNKNOWN", reasons=(), reference=None, failures=()
    )
    for found in (one(), one(cases=3), empty, decode(GOLDEN.read_bytes())):
        page = Page(as_html(found))
        targets = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
        assert [f"#{target}" for target in sorted(targets, key=str)] == sorted(
            str(link["href"]) for link in page.named("a")
        )


def test_a_case_without_readings() -> None:
    replace = msgspec.structs.replace
    case = one().cases[0]
    bare = replace(case.recovery, attempts=(), controls=(), best=None, control=None, lift=None)
    blank = replace(
        case,
        recovery=replace(bare, plain=replace(bare.plain, generation="  ")),
        key_tokens=(),
        base=replace(case.base, contributions=(None,) * 6),
    )
    text = Page(as_html(replace(one(), cases=(blank,)))).text
    assert "No strategy was tried." in text
    assert "No KeyTokens." in text
    assert "(2 spaces)" in text


# ---------------------------------------------------------------- harmless


@cache
def harmless() -> Page:
    return Page(as_html(everywhere("plain")))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text(name: str) -> None:
    hostile = as_html(everywhere(HOSTILE[name]))
    assert not UNSAFE.search(hostile)
    page, expected = Page(hostile), harmless()
    # Exactly the tags and attributes of a page whose text is harmless, but for line ends.
    shape = [(tag, sorted(a)) for tag, a in page.tags if tag != "br"]
    assert shape == [(tag, sorted(a)) for tag, a in expected.tags]
    assert page.comments == []
    hostile.encode()


def test_text_can_still_be_read() -> None:
    text = Page(as_html(everywhere("<b>&lt;[/INST]"))).text
    assert text.count("<b>&lt;[/INST]") > 10


def test_nothing_runs_and_nothing_is_fetched() -> None:
    text = as_html(many(OPEN + 1))
    page = Page(text)
    used = {tag for tag, _ in page.tags}
    assert not used & {"script", "link", "img", "iframe", "object", "form", "base", "svg"}
    attributes = {name for _, found in page.tags for name in found}
    assert attributes <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "title",
    }  # fmt: skip
    policy = next(m["content"] for m in page.named("meta") if "http-equiv" in m)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert all(str(link["href"]).startswith("#") for link in page.named("a"))
    assert "url(" not in text
    assert "@import" not in text


# ---------------------------------------------------------------- large


def test_many_cases_are_closed_and_smaller_than_the_result_itself() -> None:
    found = many(500)
    text = as_html(found)
    assert text.count("<details") == text.count("</details>") == 500 - OPEN
    assert text.count("<section") == text.count("</section>") == OPEN
    assert len(text.encode()) < len(encode(found))


# ---------------------------------------------------------------- tokens


def test_the_colours_are_the_inspectors() -> None:
    assert html_tokens.LEVELS == palette.LEVELS
    rules = "\n".join(html_tokens.rules())
    for ours, sides in (
        (html_tokens.DARK, palette._DARK),
        (html_tokens.LIGHT, palette._LIGHT),
    ):
        assert ours == sides
        for side, colours in zip("du", sides, strict=True):
            for step, ground in enumerate(colours, start=1):
                text = "#fff" if palette._text_on(ground) == "#ffffff" else "#000"
                assert f".{side}{step}{{background:{ground};color:{text}}}" in rules


@given(
    st.one_of(st.none(), st.floats(-5, 5), st.just(float("nan")), st.just(float("-inf"))),
    st.floats(0, 5),
)
def test_the_levels_are_the_inspectors(value: float | None, scale: float) -> None:
    assert level(value, scale) == palette.level(value, scale)


def test_both_models_have_one_scale() -> None:
    page = Page(as_html(one()))
    # 1.5 on the base sets the scale of both: -0.5 on the unlearned is a third of it.
    found = [a for tag, a in page.tags if tag == "em" and a["class"] != "k"]
    assert [a["class"] for a in found] == ["u5", "u2", "d2", "u1"]
    assert [a["title"] for a in found] == [
        "+1.500, KeyToken", "+0.500, KeyToken", "-0.500, KeyToken", "+0.250, KeyToken",
    ]  # fmt: skip
    assert page.text.count("scale ±1.50 nats per answer token") == 2


def test_without_a_ground_a_line_says_the_same() -> None:
    rules = "\n".join(html_tokens.rules())
    for step in range(1, 6):
        assert f".u{step}{{border-bottom:{step}px solid currentColor}}" in rules
        assert f".d{step}{{border-bottom:{step}px dotted currentColor}}" in rules


@pytest.mark.parametrize(
    ("token", "value", "key", "expected"),
    [
        (Token(1, " x", 0, 2), 1.0, False, '<i class="u5" title="+1.000"> x</i>'),
        (Token(1, " x", 0, 2), -0.4, True, '<em class="d2" title="-0.400, KeyToken">▸x</em>'),
        (Token(1, "x", 0, 1), 0.0, True, '<em class="z" title="+0.000, KeyToken">▸x</em>'),
        (Token(1, "x", 0, 1), None, False, '<i class="n" title="not measured">x</i>'),
        (Token(1, "<s>", 0, 3, fixed=True), None, False, '<i class="f">&lt;s&gt;</i>'),
        (Token(1, "", 0, 0), None, False, '<i class="n" title="not measured">·</i>'),
        (Token(1, "\n\n", 0, 2), 0.0, False, '<i class="z" title="+0.000">⏎⏎</i><br>'),
    ],
)
def test_a_token(token: Token, value: float | None, key: bool, expected: str) -> None:
    assert tokens_html([token], [value], frozenset([0] if key else []), 1.0) == expected


@pytest.mark.parametrize(
    ("positions", "pieces", "expected"),
    [
        ({1}, (), "a[ b]⏎<br>"),
        ({3}, (), "a b⏎<br>[·]"),
        ({0, 1}, ("a ", "b"), "[a ][b]⏎<br>"),
        ({0, 2}, ("a", "\n"), "[a] b[⏎]<br>"),
        ({1, 2}, (" ", "b\n"), "a[ ][b⏎]<br>"),
        ({1}, ("<", "b>"), "a[ b]⏎<br>"),
        ({99, -1}, ("a",), "a b⏎<br>"),
        (set[int](), (), "a b⏎<br>"),
    ],
)
def test_emphasised_tokens(positions: set[int], pieces: tuple[str, ...], expected: str) -> None:
    tokens = (Token(1, "a", 0, 1), Token(2, " b", 1, 3), Token(3, "\n", 3, 4), Token(4, "", 4, 4))
    shown = emphasised_html(tokens, frozenset(positions), pieces)
    assert shown == expected.replace("[", '<em class="k">').replace("]", "</em>")


def test_the_scale_of_nothing_is_nothing() -> None:
    assert joint_scale((None, None), ()) == 0.0
    assert joint_scale((None, -2.0), (1.0,)) == 2.0
