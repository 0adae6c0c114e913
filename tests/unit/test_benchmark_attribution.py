"""The benchmark of attribution: its schemes compute the same numbers, and its limit is one."""

from __future__ import annotations

import json
import sys

import pytest

from attribution.effort import Effort
from benchmarks import _schemes, attribution
from benchmarks._agreement import furthest
from benchmarks._bench import Bench, Shape, random_bench
from benchmarks._clock import timed
from benchmarks._interleaved import interleaved
from benchmarks._limit import limit, limit_tokens
from benchmarks._peers import peers
from benchmarks._schemes import batched, loop_all, loop_answer, ours, ours_plain

SHAPE = Shape(layers=1, width=64, prompt=40, answer=3, vocabulary=50)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return random_bench(SHAPE)


@pytest.mark.parametrize("scheme", [ours_plain, loop_all, loop_answer, batched])
def test_every_exact_scheme_finds_the_same(bench: Bench, scheme: _schemes.Scheme) -> None:
    here, there = ours(bench), scheme(bench)
    assert None not in here.contributions
    assert len({*here.contributions}) > SHAPE.prompt // 2
    assert here.contributions == pytest.approx(there.contributions, abs=2e-6)
    assert there.share == 1


def test_a_sample_is_the_beginning_of_the_whole(bench: Bench) -> None:
    sampled = loop_answer(random_bench(SHAPE, sampled=4, model=bench.model))
    assert [c is None for c in sampled.contributions] == [False] * 4 + [True] * 36
    assert sampled.share == 5 / 41
    apart = furthest(sampled.contributions, ours(bench).contributions)
    assert apart is not None
    assert apart < 2e-6


def test_the_limit_is_what_a_scheme_without_waste_would_read() -> None:
    assert limit_tokens(128, range(128), 16) == 10_192
    # One token, and nothing else: it alone is read. Of two, the last is removed by reading the
    # first again.
    assert limit_tokens(2, [1], 1) == 2 + 1
    assert limit_tokens(2, [0], 1) == 2 + 1


def test_the_limit_in_operations_is_that_of_the_products(bench: Bench) -> None:
    """Counted by hand for one layer: four matrices of 64 x 64, three of 64 x 192."""
    work = limit(bench.prompt, 3, bench.model)
    weights = 4 * 64 * 64 + 3 * 64 * 192
    reads = [(0, 42), *((i, 41) for i in range(39)), (38, 41)]
    attended = sum(position + 1 for first, last in reads for position in range(first, last))
    assert work.tokens == sum(last - first for first, last in reads)
    logits = 2 * 64 * 50 * 3 * 41
    assert work.flops == 2 * weights * work.tokens + 4 * 64 * attended + logits


def test_ours_reads_no_less_than_the_limit_and_less_than_whole_rows(bench: Bench) -> None:
    own = timed(bench.model, lambda: ours(bench)).tokens
    plain = timed(bench.model, lambda: batched(bench)).tokens
    assert limit(bench.prompt, 3, bench.model).tokens <= own < plain == 42 + 40 * 41


def test_a_table_compares_in_turns(bench: Bench) -> None:
    schemes = {"plain batching": batched, **_schemes.estimators(Effort(top_k=4, checked=4))}
    result = interleaved(bench, {k: schemes[k] for k in ("plain batching", "screened")}, 2, 8)
    assert [line.name for line in result.lines] == ["ours", "plain batching", "screened"]
    own, plain, screened = result.lines
    assert (own.ratio.least, own.ratio.most) == (1, 1)
    assert plain.differs is not None
    assert plain.differs < 2e-6
    assert screened.differs is None
    assert screened.agreement is not None
    assert 0 < result.over_time.least <= result.over_time.most


def test_the_command_says_everything_to_a_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--layers 1 --width 64 --prompt 10 --answer 2 --vocab 50 --runs 1 --json --schemes loop"
    monkeypatch.setattr(sys, "argv", ["attribution.py", *words.split(), "--rate-rows", "4"])
    attribution.main()
    said = json.loads(capsys.readouterr().out)
    assert said["machine"]["torch"]
    (table,) = said["table"]
    assert [line["name"] for line in table["result"]["lines"]] == ["ours", "loop"]
    assert table["goals"][-1]["measured"] == table["result"]["over_time"]["median"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_captum_finds_the_same_where_it_is_asked_the_same(bench: Bench) -> None:
    pytest.importorskip("captum", reason="captum is not installed")
    asked = {name: scheme for name, scheme in peers().items() if name.startswith("captum")}
    # Its default reads the answer so far twice with this transformers, and finds something else.
    del asked["captum"]
    assert asked
    result = interleaved(random_bench(SHAPE, sampled=4, model=bench.model), asked, 1, 8)
    assert not result.refused
    for line in result.lines:
        assert line.differs is not None
        assert line.differs < 2e-6, line.name
