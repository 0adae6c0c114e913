"""Every file of the folder of metrics keeps the contract of a metric."""

from __future__ import annotations

from collections import Counter

import pytest

from attribution.errors import UnknownName
from unpact_tui import metrics
from unpact_tui.metrics._scored import Absent, Sides

SIDES = Sides(())


@pytest.mark.parametrize("name", metrics.names())
def test_a_file_says_what_it_gives_and_needs(name: str) -> None:
    file = metrics.load(name)
    assert file.names
    for said in file.names.values():
        assert said.endswith(".")
        assert said.isprintable()
    assert file.needs
    assert not file.needs.endswith(".")
    assert file.needs[0].islower() or file.needs.split()[0].isupper()


@pytest.mark.parametrize("name", metrics.names())
def test_without_readings_nothing_is_given(name: str) -> None:
    found = list(metrics.load(name).compute(SIDES, 0))
    assert all(isinstance(one, Absent) for one in found)


def test_no_name_is_given_twice() -> None:
    counted = Counter(metric for name in metrics.names() for metric in metrics.load(name).names)
    assert [metric for metric, times in counted.items() if times > 1] == []


def test_every_reason_is_a_clause() -> None:
    for why in metrics.take(SIDES).absent.values():
        assert why.startswith("it needs ")
        assert not why.endswith(".")


def test_an_unknown_one_is_refused() -> None:
    with pytest.raises(UnknownName):
        metrics.load("_bootstrap")
