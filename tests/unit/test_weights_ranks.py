"""Ranks of real files, the memory they take, and what a person is shown of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints_fixture import make_adapter, make_checkpoint
from safetensors.torch import load_file, save_file

from unpact_tui.errors import BadUsage
from unpact_tui.weight_report import Shape, diff, report
from unpact_tui.weights import ranking, streaming
from unpact_tui.weights.change import WeightChange
from unpact_tui.weights.streaming import changes

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models" / "stories260K-tofu"


def save(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    return folder


def whole(base: Path, second: Path, ranks: int = 8) -> WeightChange:
    *_, last = changes(base, second, ranks)
    return last


def sides(
    folder: Path, step: torch.Tensor, dtype: torch.dtype = torch.float32
) -> tuple[Path, Path]:
    weight = torch.randn(step.shape, generator=torch.Generator().manual_seed(0))
    name = "model.layers.0.mlp.down_proj.weight"
    before = weight.to(dtype)
    after = (before.float() + step).to(dtype)
    return save(folder / "a", {name: before}), save(folder / "b", {name: after})


@pytest.mark.skipif(not MODELS.is_dir(), reason="the models are not there")
def test_as_numpy_says_of_a_real_pair() -> None:
    base, second = MODELS / "target", MODELS / "unlearned-npo"
    before, after = (load_file(side / "model.safetensors") for side in (base, second))
    found = whole(base, second, 5).ranks
    assert len(found) == 5
    sizes = [float((after[r.name] - before[r.name]).norm()) for r in found]
    assert sizes == sorted(sizes, reverse=True)
    for rank in found:
        difference = (after[rank.name].double() - before[rank.name].double()).numpy()
        squares = np.linalg.svd(difference, compute_uv=False) ** 2
        shares = squares / squares.sum()
        assert rank.exact
        assert rank.top == pytest.approx(shares[0], rel=1e-5)
        effective = float(np.exp(-(shares * np.log(shares)).sum()))
        assert rank.effective == pytest.approx(effective, rel=1e-4)
        assert rank.directions == int(np.searchsorted(np.cumsum(shares), 0.9)) + 1


@pytest.mark.parametrize("held", [True, False])
def test_a_large_matrix_is_sketched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    """Whether it is held or read again, in pieces that do not end with it."""
    monkeypatch.setattr(ranking, "CHUNK", 1 << 14)
    monkeypatch.setattr(ranking, "HELD", 1 << 30 if held else 0)
    draw = torch.Generator().manual_seed(1)
    left, right = (torch.randn(n, 3, generator=draw) for n in (331, 290))
    (rank,) = whole(*sides(tmp_path, 0.01 * left @ right.T)).ranks
    assert (rank.exact, rank.rank) == (False, 3)
    assert rank.held > 0.9999


def test_rounding_adds_no_directions(tmp_path: Path) -> None:
    draw = torch.Generator().manual_seed(2)
    step = 0.1 * torch.outer(*(torch.randn(n, generator=draw) for n in (96, 80)))
    (rank,) = whole(*sides(tmp_path, step, torch.bfloat16)).ranks
    assert rank.rank == 1
    assert rank.like_one


def test_an_adapter_has_the_rank_of_its_factors(tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base")
    change = whole(base, make_adapter(tmp_path / "adapter", base))
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert len(change.ranks) == len(change.tensors)
    assert all(rank.exact and rank.rank is not None for rank in change.ranks)
    assert max(rank.rank or 0 for rank in change.ranks) <= config["r"]


def test_what_has_no_rank(tmp_path: Path) -> None:
    vectors = (
        save(tmp_path / "a", {"x": torch.ones(4)}),
        save(tmp_path / "b", {"x": torch.zeros(4)}),
    )
    assert whole(*vectors).ranks == ()
    pair = sides(tmp_path / "m", torch.ones(4, 4))
    assert whole(*pair, 0).ranks == ()
    assert whole(pair[0], pair[0]).ranks == ()
    infinite = torch.ones(4, 4)
    infinite[0, 0] = torch.inf
    assert len(whole(*sides(tmp_path / "i", infinite)).ranks) == 1


# ---------------------------------------------------------------- what is written


def test_how_a_tensor_is_cut_changes_next_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make_checkpoint(tmp_path / "a"), make_checkpoint(tmp_path / "b", seed=1)
    before = whole(*pair, 0).tensors
    monkeypatch.setattr(streaming, "PIECE", 64)
    after = whole(*pair, 0).tensors
    assert [one.distance for one in after] == pytest.approx([one.distance for one in before])
    assert [one.changed for one in after] == pytest.approx([one.changed for one in before])


def test_json_has_modules_layers_and_ranks(tmp_path: Path) -> None:
    pair = make_checkpoint(tmp_path / "a"), make_checkpoint(tmp_path / "b", seed=1)
    document = json.loads(diff(*pair, Shape("json", ranks=2), quiet=True))
    for part in ("modules", "layers"):
        assert sum(each["share"] for each in document[part]) == pytest.approx(1.0)
        assert sum(each["tensors"] for each in document[part]) == len(document["tensors"])
    assert [each["layer"] for each in document["layers"]] == [0, 1, None]
    assert len(document["ranks"]) == 2
    assert isinstance(document["diagnosis"], str)


def test_page_is_whole_and_nothing_in_it_runs(tmp_path: Path) -> None:
    name = "model.layers.0.<script>alert(1)</script>\x1b[2J.weight"
    a = save(tmp_path / "a", {name: torch.ones(4, 4), "old": torch.ones(1)})
    b = save(tmp_path / "b", {name: torch.ones(4, 4) * 2})
    out = tmp_path / "page.html"
    assert report(a, b, Shape("html"), out, quiet=True) == 0
    page = out.read_text()
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "\x1b" not in page
    for words in ("Most changed", "Directions of the largest", "only in the base", 'class="l5"'):
        assert words in page
    assert page.rstrip().endswith("</html>")
    with pytest.raises(BadUsage):
        report(a, b, Shape("html"), tmp_path, quiet=True)
    with pytest.raises(BadUsage):
        diff(a, b, Shape(ranks=-1), quiet=True)


# ---------------------------------------------------------------- memory

LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")

_PEAK = """
import re, sys
from pathlib import Path
from unpact_tui.weights.streaming import changes
*_, last = changes(sys.argv[1], sys.argv[2])
assert last.complete and len(last.ranks) == 1, last
# Not what getrusage says, which counts the process that started this one.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def hollow(folder: Path, rows: int, columns: int) -> Path:
    """Write a tensor of float32 zeros that takes no room on the disk, but for one element."""
    folder.mkdir()
    size = rows * columns * 4
    entry = {"dtype": "F32", "shape": [rows, columns], "data_offsets": [0, size]}
    header = json.dumps({"model.embed_tokens.weight": entry}).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)
        file.seek(8 + len(header) + size // 2 // 4 * 4)
        file.write(np.float32(1.0 if folder.name == "b" else 0.0).tobytes())
    return folder


def peak(a: Path, b: Path) -> int:
    """Return the largest memory of a process that compares them, in MiB."""
    words = [sys.executable, "-c", _PEAK, str(a), str(b)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@LINUX
@pytest.mark.soak
def test_memory_does_not_grow_with_the_tensor(tmp_path: Path) -> None:
    """A matrix of 200 MB, just too large to be held."""
    pair = hollow(tmp_path / "a", 24_700, 2048), hollow(tmp_path / "b", 24_700, 2048)
    assert peak(*pair) < 400


@LINUX
@pytest.mark.soak
def test_memory_of_a_huge_vocabulary(tmp_path: Path) -> None:
    """Two of 2.1 GB."""
    pair = hollow(tmp_path / "a", 128_256, 4096), hollow(tmp_path / "b", 128_256, 4096)
    assert peak(*pair) < 400
