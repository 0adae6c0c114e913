"""What a lever does, computed a second and obvious way: explicit masks, two passes, no cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import pairwise
from math import log

import pytest
import torch
import transformers
from checkpoints_fixture import FAMILIES, VOCABULARY, make_model, make_tokenizer
from torch import nn
from transformers import PreTrainedModel

from attribution.attempts import Lever, LeverKind, Steering
from attribution.attention import _PULLED
from attribution.errors import BadOption, NothingToAblate, OutOfMemory, Unsupported
from attribution.hf import HFModel
from attribution.network import Network
from attribution.scorer import Row, score_all
from attribution.steer import steered
from attribution.trunk import Trunk
from attribution.types import Answer
from attribution.whp import WHPModel

X4 = Lever("attention_bias", log(4))
X64 = Lever("attention_bias", log(64))
HALF = Lever("attention_share", 0.5)
TWICE = Lever("embedding_scale", 2.0)
TENFOLD = Lever("embedding_scale", 10.0)
ANCHOR = Lever("anchor", 1.5)
LEVERS = (X4, HALF, TWICE, ANCHOR)

ANSWER = Answer("", (40, 41, 42, 43), "gold")
ROW: Row = (1, *range(300, 322))
"""Longer than the windows of those families that have one."""
AT = frozenset({3, 4, 9})
ROWS: list[Row] = [ROW[:12], ROW, ROW[:5], (1, *range(350, 360))]
WHERE = (AT, AT, frozenset({3}), frozenset[int]())

QUICK = ("llama", "gemma2", "mistral", "gpt2")
"""Grouped heads; soft-capping and both kinds of layer, eager; windows; learned positions."""
ALL = [pytest.param(f, marks=[] if f in QUICK else [pytest.mark.soak]) for f in FAMILIES]


@cache
def door(family: str = "llama") -> HFModel:
    return HFModel(make_model(family), make_tokenizer())


def name_of(lever: Lever) -> str:
    return lever.kind


def masks(model: PreTrainedModel, ids: Row, added: torch.Tensor) -> object:
    """What a causal mask by hand is, with numbers added to its columns (L,); with windows, too."""
    back = torch.arange(len(ids))[:, None] - torch.arange(len(ids))
    config, least = model.config, torch.finfo(model.dtype).min

    def mask(window: int) -> torch.Tensor:
        seen = (back >= 0) & (back < window)
        return torch.where(seen, added, least)[None, None].to(model.dtype)

    window = getattr(config, "sliding_window", None) or 10**6
    if "full_attention" in (getattr(config, "layer_types", None) or ()) and window < 10**6:
        return {"full_attention": mask(10**6), "sliding_attention": mask(window)}
    return mask(window)


def columns(ids: Row, positions: frozenset[int], amount: float) -> torch.Tensor:
    return torch.tensor([amount * (i in positions) for i in range(len(ids))])


@torch.no_grad()
def by_hand(model: PreTrainedModel, ids: Row, positions: frozenset[int], lever: Lever):
    """Logits (L, V) of one row without a cache; nothing of what is tested, but for the share."""
    x = torch.tensor([ids])
    if lever.kind == "attention_bias":
        mask = masks(model, ids, columns(ids, positions, lever.amount))
        places = torch.arange(len(ids))[None]
        return model(x, attention_mask=mask, position_ids=places, use_cache=False).logits[0]
    if lever.kind == "embedding_scale":
        embeddings = model.get_input_embeddings()(x)
        embeddings = embeddings * (1 + columns(ids, positions, lever.amount - 1))[None, :, None]
        return model(inputs_embeds=embeddings, use_cache=False).logits[0]
    if lever.kind == "anchor":
        left = tuple(id for i, id in enumerate(ids) if i not in positions)
        whole, without = (model(torch.tensor([row])).logits[0] for row in (ids, left))
        return whole + lever.amount * (whole - nn.functional.pad(without, (0, 0, len(AT), 0)))
    with steered(model, Steering(lever, (positions,))):
        return model(x, use_cache=False).logits[0]


def obvious(logits: torch.Tensor, start: int) -> list[float]:
    table = logits.double().log_softmax(-1)
    return [float(table[start - 1 + t, id]) for t, id in enumerate(ANSWER.ids)]


def expected(model: PreTrainedModel, row: Row, positions: frozenset[int], lever: Lever):
    return obvious(by_hand(model, row + ANSWER.ids, positions, lever), len(row))


def scored(model: HFModel, rows: Sequence[Row], where: Sequence[frozenset[int]], lever: Lever):
    return [
        list(found)
        for batch in model.score(rows, ANSWER, Steering(lever, tuple(where)))
        for found in batch
    ]


# ------------------------------------------------------------ the numbers


@pytest.mark.parametrize("family", ALL)
def test_added_attention_equals_an_explicit_mask(family: str) -> None:
    model = door(family)
    (found,) = scored(model, [ROW], [AT], X64)
    assert found == pytest.approx(expected(model.model, ROW, AT, X64), abs=1e-5)
    ((plain,),) = model.score([ROW], ANSWER)
    assert max(abs(a - b) for a, b in zip(found, plain, strict=True)) > 1e-2


@pytest.mark.parametrize("family", ALL)
def test_scaled_embeddings_equal_scaled_embeddings_given(family: str) -> None:
    model = door(family)
    (found,) = scored(model, [ROW], [AT], TWICE)
    assert found == pytest.approx(expected(model.model, ROW, AT, TWICE), abs=1e-5)


@pytest.mark.parametrize("family", ALL)
def test_anchoring_equals_two_passes(family: str) -> None:
    model = door(family)
    (found,) = scored(model, [ROW], [AT], ANCHOR)
    assert found == pytest.approx(expected(model.model, ROW, AT, ANCHOR), abs=5e-5)


def test_sixteen_bits_equal_an_explicit_mask() -> None:
    model = make_model().to(torch.bfloat16)
    (found,) = scored(HFModel(model, make_tokenizer()), [ROW], [AT], X4)
    assert found == pytest.approx(expected(model, ROW, AT, X4), abs=1e-5)


@contextmanager
def own_masks(model: PreTrainedModel, masks: dict[int, torch.Tensor]) -> Iterator[None]:
    handles = [
        layer.self_attn.register_forward_pre_hook(
            lambda _, given, named, i=i: (given, {**named, "attention_mask": masks[i]}),
            with_kwargs=True,
        )
        for i, layer in enumerate(model.model.layers)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize(("layers", "heads"), [((1,), ()), ((), (0, 3)), ((0,), (2,))])
def test_only_the_chosen_layers_and_heads(layers: tuple[int, ...], heads: tuple[int, ...]) -> None:
    model = door()
    ids = ROW + ANSWER.ids
    plain = masks(model.model, ids, torch.zeros(len(ids)))
    pulled = masks(model.model, ids, columns(ids, AT, X64.amount))
    assert isinstance(plain, torch.Tensor)
    assert isinstance(pulled, torch.Tensor)
    mixed = torch.cat([pulled if h in (heads or range(4)) else plain for h in range(4)], dim=1)
    by_layer = {i: mixed if i in (layers or (0, 1)) else plain.expand(1, 4, -1, -1) for i in (0, 1)}
    with own_masks(model.model, by_layer), torch.no_grad():
        wanted = obvious(model.model(torch.tensor([ids])).logits[0], len(ROW))
    lever = Lever("attention_bias", X64.amount, layers, heads)
    assert scored(model, [ROW], [AT], lever)[0] == pytest.approx(wanted, abs=1e-5)


def make_gpt_oss() -> PreTrainedModel:
    """Sinks, which take attention away from every id."""
    config = transformers.GptOssConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        num_local_experts=2,
        num_experts_per_tok=1,
        sliding_window=16,
        layer_types=["sliding_attention", "full_attention"],
        initializer_range=0.2,
        max_position_embeddings=256,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    return model.eval()


@pytest.mark.parametrize(
    "family", ["llama", "gpt_oss", pytest.param("gemma2", marks=pytest.mark.soak)]
)
def test_a_share_of_attention_is_met_and_never_lowered(family: str) -> None:
    model = make_gpt_oss() if family == "gpt_oss" else make_model(family)
    model.set_attn_implementation("eager")
    x = torch.tensor([ROW])
    chosen, first = sorted(AT), min(AT)

    def weights(steering: Steering) -> tuple[torch.Tensor, ...]:
        with steered(model, steering), torch.no_grad():
            return model(x, output_attentions=True).attentions

    plain = weights(Steering(HALF, (frozenset(),)))
    seen = {"above": False, "below": False}
    for layer in (0, 1):  # one by one: what another layer changed would change what this one sees
        lever = Lever("attention_share", 0.3, layers=(layer,))
        before, after = plain[layer], weights(Steering(lever, (AT,)))[layer]
        share = before[..., chosen].sum(-1)
        visible = share > 0  # not where a window has moved on
        assert torch.equal(before[:, :, :first], after[:, :, :first]), "who sees none of them"
        wanted = torch.where(visible, share.clamp(min=0.3), share)
        assert torch.allclose(after[..., chosen].sum(-1)[visible], wanted[visible], atol=1e-5)
        assert torch.equal(before[~visible], after[~visible])
        kept = share >= 0.3
        assert torch.allclose(before[kept], after[kept], atol=1e-6)
        seen["above"] |= bool(kept.any())
        seen["below"] |= bool((visible & ~kept).any())
    assert all(seen.values()), "there must be both for this to say anything"


@pytest.mark.parametrize("lever", LEVERS, ids=name_of)
@pytest.mark.parametrize("family", [pytest.param(f, marks=pytest.mark.soak) for f in FAMILIES])
def test_rows_together_are_rows_alone_on_every_family(family: str, lever: Lever) -> None:
    together_as_alone(door(family), lever)


@pytest.mark.parametrize("lever", LEVERS, ids=name_of)
def test_rows_together_are_rows_alone(lever: Lever) -> None:
    together_as_alone(door(), lever)


def together_as_alone(model: HFModel, lever: Lever) -> None:
    alone = [scored(model, [row], [at], lever)[0] for row, at in zip(ROWS, WHERE, strict=True)]
    found = scored(model, ROWS, WHERE, lever)
    for ours, theirs in zip(found, alone, strict=True):
        assert ours == pytest.approx(theirs, abs=5e-6)
    ((plain,),) = model.score(ROWS[-1:], ANSWER)
    assert found[-1] == pytest.approx(plain, abs=5e-6), "nothing is emphasised in the last"


@pytest.mark.parametrize("lever", LEVERS, ids=name_of)
def test_a_lever_that_is_not_pulled_is_no_lever(lever: Lever) -> None:
    model = door()
    idle = Lever(lever.kind, 1.0 if lever.kind == "embedding_scale" else 0.0)
    for steering in (Steering(idle, WHERE), Steering(lever, (frozenset(),) * 4)):
        assert list(model.score(ROWS, ANSWER, steering)) == list(model.score(ROWS, ANSWER))
        assert list(model.write(ROWS, 3, steering)) == list(model.write(ROWS, 3))


# ------------------------------------------------------------ writing


def greedy(model: PreTrainedModel, row: Row, at: frozenset[int], lever: Lever, limit: int) -> Row:
    """Read everything again for every token."""
    written: Row = ()
    for _ in range(limit):
        token = int(by_hand(model, row + written, at, lever)[-1].argmax())
        if token == 2:
            break
        written += (token,)
    return written


WRITTEN = [("llama", X64), ("llama", HALF), ("llama", TENFOLD), ("llama", ANCHOR), ("mistral", X64)]


@pytest.mark.parametrize(
    ("family", "lever"),
    [
        *WRITTEN,
        *(
            pytest.param(family, lever, marks=pytest.mark.soak)
            for family in FAMILIES
            for lever in (X64, HALF, TENFOLD, ANCHOR)
            if (family, lever) not in WRITTEN
        ),
    ],
)
def test_writing_with_a_cache_is_reading_everything_again(family: str, lever: Lever) -> None:
    model = door(family)
    rows, where = [ROW, ROW[:12]], (AT, AT)
    *_, written = model.write(rows, 8, Steering(lever, where))
    for row, at, found in zip(rows, where, written, strict=True):
        assert found == greedy(model.model, row, at, lever, 8)
    if family == "llama":
        *_, plain = model.write(rows, 8)
        assert written != plain, "they must differ for this to say anything"


@pytest.mark.parametrize(
    ("family", "lever"),
    [
        ("mistral", X64),
        ("llama", HALF),
        ("llama", TENFOLD),
        *(
            pytest.param(family, lever, marks=pytest.mark.soak)
            for family in ("gemma2", "gemma3", "gpt2", "opt", "phi3")
            for lever in (X64, HALF, TENFOLD)
        ),
    ],
)
def test_generate_in_the_context_writes_the_same(family: str, lever: Lever) -> None:
    """With the filling on the left, and with whatever cache `generate` makes."""
    model = door(family)
    rows = [ROW, ROW[:12]]
    filled = torch.tensor([ROW, (0,) * 11 + ROW[:12]])
    seen = torch.arange(len(ROW)) >= torch.tensor([[0], [11]])
    where = (AT, frozenset(p + 11 for p in AT))
    with steered(model.model, Steering(lever, where)):
        whole = model.model.generate(
            filled,
            attention_mask=seen.long(),
            do_sample=False,
            max_new_tokens=8,
            pad_token_id=0,
        )
    *_, written = model.write(rows, 8, Steering(lever, (AT, AT)))
    for line, found in zip(whole[:, len(ROW) :].tolist(), written, strict=True):
        assert tuple(line[: len(found)]) == found
        assert len(found) == 8 or line[len(found)] == 2


@pytest.mark.soak
def test_generate_with_a_static_cache_or_without_one_writes_the_same() -> None:
    model = door()
    *_, (written,) = model.write([ROW], 8, Steering(X64, (AT,)))
    for options in ({"cache_implementation": "static"}, {"use_cache": False}):
        with steered(model.model, Steering(X64, (AT,))):
            whole = model.model.generate(
                torch.tensor([ROW]), do_sample=False, max_new_tokens=8, pad_token_id=0, **options
            )
        assert tuple(whole[0, len(ROW) :].tolist())[: len(written)] == written


# ------------------------------------------------------------ nothing is left behind


def fingerprint(model: PreTrainedModel) -> object:
    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    hooks = sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) + ("forward" in vars(m))
        for m in model.modules()
    )
    return (
        digest.hexdigest(),
        model.config.to_json_string(),
        model.config._attn_implementation,
        hooks,
    )


@pytest.mark.parametrize("lever", LEVERS, ids=name_of)
def test_nothing_is_left_on_the_model(lever: Lever) -> None:
    model = HFModel(make_model(), make_tokenizer())
    before, plain = fingerprint(model.model), list(model.score(ROWS, ANSWER))
    steering = Steering(lever, WHERE)
    assert model.refuses(lever) == ""
    list(model.score(ROWS, ANSWER, steering))
    list(model.write(ROWS, 2, steering))
    begun = model.write(ROWS, 4, steering)
    next(begun)
    assert fingerprint(model.model) == before, "not even between two steps"
    assert list(model.score(ROWS, ANSWER)) == plain

    def broken(*_: object) -> None:
        raise RuntimeError("in the middle")

    handle = model.model.model.layers[1].mlp.register_forward_pre_hook(broken)
    for fails in (model.score(ROWS, ANSWER, steering), model.write(ROWS, 2, steering), begun):
        with pytest.raises(RuntimeError, match="in the middle"):
            list(fails)
    handle.remove()
    assert fingerprint(model.model) == before
    assert not _PULLED.get()
    assert list(model.score(ROWS, ANSWER)) == plain


def test_two_models_are_steered_in_turns_each_its_own_way() -> None:
    ours, theirs = door("llama").model, door("qwen2").model
    x = torch.tensor([ROW])
    with torch.no_grad():
        for inner in (ours, theirs):
            with steered(inner, Steering(X4, (AT,))):
                assert torch.equal(inner(x).logits, inner(x).logits)
        with steered(ours, Steering(X64, (AT,))):
            alone = ours(x).logits
            with steered(theirs, Steering(HALF, (AT,))):
                assert torch.equal(ours(x).logits, alone)
                pulled = theirs(x).logits
            assert torch.equal(ours(x).logits, alone)
            plain = theirs(x).logits
    with steered(theirs, Steering(HALF, (AT,))), torch.no_grad():
        assert torch.equal(theirs(x).logits, pulled)
    assert not torch.equal(pulled, plain)


def test_another_network_takes_nothing_from_a_steered_pass() -> None:
    base, other = make_model(), make_model()
    other.model.layers[1] = make_model(seed=1).model.layers[1]
    other.model.embed_tokens, other.model.layers[0] = base.model.embed_tokens, base.model.layers[0]
    alone = list(HFModel(other, make_tokenizer()).score([ROW], ANSWER))
    models = [HFModel(model, make_tokenizer()) for model in (base, other)]
    trunk: Trunk = Trunk(base, other, 1)
    for model in models:
        model.network.trunk = trunk
    plain = list(models[0].score([ROW], ANSWER))
    list(models[0].score([ROW], ANSWER, Steering(X64, (AT,))))
    assert list(models[1].score([ROW], ANSWER)) == alone
    assert trunk.spared == 1, "what was left before the steered pass"
    list(models[1].score([ROW], ANSWER, Steering(X64, (AT,))))
    assert list(models[0].score([ROW], ANSWER)) == plain


# ------------------------------------------------------------ what cannot be


def tiny(name: str, **fields: object) -> HFModel:
    config = getattr(transformers, name)(vocab_size=VOCABULARY, hidden_size=32, **fields)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(config)
    return HFModel(model.eval(), make_tokenizer())


def test_a_model_without_attention_is_refused_but_its_embeddings_and_logits_are_not() -> None:
    model = tiny("MambaConfig", state_size=4, num_hidden_layers=2)
    why = "its attention is not where transformers lets one in"
    assert model.refuses(X4) == model.refuses(HALF) == why
    with pytest.raises(Unsupported, match="be steered by attention_bias: its attention is not"):
        list(model.score([ROW], ANSWER, Steering(X4, (AT,))))
    with pytest.raises(Unsupported):
        list(model.write([ROW], 2, Steering(X4, (AT,))))
    assert model.refuses(TWICE) == model.refuses(ANCHOR) == ""
    assert scored(model, [ROW], [AT], TWICE) != [list(next(model.score([ROW], ANSWER))[0])]


def test_attention_of_a_models_own_is_refused() -> None:
    model = tiny("BloomConfig", n_layer=2, n_head=4)
    assert model.refuses(X4) == "its attention is not where transformers lets one in"


@pytest.mark.soak
def test_a_model_that_attends_in_some_layers_only_is_refused() -> None:
    model = tiny(
        "BambaConfig",
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        attn_layer_indices=[1],
        mamba_n_heads=4,
        mamba_d_head=16,
        mamba_d_state=8,
        mamba_n_groups=1,
    )
    assert model.refuses(X4) == "only 1 of its 2 layers attend in a way to steer"


def test_one_layer_that_goes_its_own_way_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    model = HFModel(make_model(), make_tokenizer())
    layer = model.model.model.layers[1].self_attn
    monkeypatch.setattr(layer, "forward", lambda hidden_states, **_: (hidden_states, None))
    assert model.refuses(X4) == "only 1 of its 2 layers attend in a way to steer"
    assert model.refuses(HALF) == "only 1 of its 2 layers attend in a way to steer"


def test_it_is_tried_out_once_for_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    model = HFModel(make_model(), make_tokenizer())
    monkeypatch.setattr(model.model.model.layers[0].self_attn, "layer_idx", None)
    kinds: tuple[LeverKind, ...] = ("attention_bias", "attention_share", "embedding_scale")
    reads: list[int] = [model.tokens_read]
    for kind in kinds * 2:
        model.refuses(Lever(kind, 0.5))
        reads.append(model.tokens_read)
    steps = [after - before for before, after in pairwise(reads)]
    assert steps[3:] == [0, 0, 0]
    assert min(steps[:3]) > 0


@pytest.mark.parametrize(
    ("lever", "said"),
    [
        (Lever("attention_bias", 1.0, layers=(0, 2)), "The layer to steer is 2, .* from 0 to 1"),
        (Lever("attention_share", 0.5, heads=(4,)), "The head to steer is 4, .* from 0 to 3"),
        (Lever("attention_share", 1.0), "attention_share is 1.0, .* at least 0 and less than 1"),
        (Lever("attention_bias", float("nan")), "a finite number"),
    ],
)
def test_levers_that_cannot_be_are_said_in_a_sentence(lever: Lever, said: str) -> None:
    model = door()
    with pytest.raises(BadOption, match=said):
        model.refuses(lever)
    with pytest.raises(BadOption, match=said):
        list(model.score([ROW], ANSWER, Steering(lever, (AT,))))
    with pytest.raises(BadOption, match=said), steered(model.model, Steering(lever, (AT,))):
        pass


def test_positions_and_rows_that_do_not_fit_are_not_read() -> None:
    model = door()
    for rows, where in (([ROW], (AT, AT)), ([ROW[:5]], (AT,)), ([ROW], (frozenset({-1}),))):
        with pytest.raises(ValueError, match="steer"):
            list(model.score(rows, ANSWER, Steering(X4, where)))
    with pytest.raises(NothingToAblate):
        list(model.score([ROW[:2]], ANSWER, Steering(ANCHOR, (frozenset({0, 1}),))))
    with pytest.raises(Unsupported), steered(model.model, Steering(ANCHOR, (AT,))):
        pass
    with steered(model.model, Steering(X4, (AT,))), pytest.raises(ValueError, match="2"):
        model.model(torch.tensor([ROW, ROW]))


@pytest.mark.parametrize("lever", LEVERS, ids=name_of)
def test_running_out_of_memory_halves_the_batch(
    lever: Lever, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = HFModel(make_model(), make_tokenizer())
    assert model.refuses(lever) == ""
    wanted, steering = scored(model, ROWS, WHERE, lever), Steering(lever, WHERE)
    forward, tried = Network._forward, list[int]()

    def limited(network: Network, x: torch.Tensor, *rest: object) -> object:
        tried.append(len(x))
        if len(x) > most:
            raise torch.OutOfMemoryError("no memory left")
        return forward(network, x, *rest)

    monkeypatch.setattr(Network, "_forward", limited)
    most = 2
    for ours, theirs in zip(scored(model, ROWS, WHERE, lever), wanted, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
    assert max(tried) == 4
    most = 0
    for fails in (model.score(ROWS, ANSWER, steering), model.write(ROWS, 2, steering)):
        with pytest.raises(OutOfMemory):
            list(fails)


# ------------------------------------------------------------ two models mixed


@pytest.mark.parametrize("lever", LEVERS, ids=name_of)
def test_both_models_of_a_mixture_are_steered(lever: Lever) -> None:
    parts = [make_model(), make_model(seed=1)]
    model = WHPModel(parts[0], parts[1], make_tokenizer(), alpha=0.5)
    inside = X4 if lever is ANCHOR else lever

    def mixed(ids: Row, at: frozenset[int]) -> torch.Tensor:
        base, other = (by_hand(part, ids, at, inside).double() for part in parts)
        return base - 0.5 * (other - base).relu()

    def wanted(ids: Row, at: frozenset[int]) -> torch.Tensor:
        if lever is not ANCHOR:
            return mixed(ids, at)
        whole = mixed(ids, frozenset())
        without = mixed(tuple(id for i, id in enumerate(ids) if i not in at), frozenset())
        return whole + 1.5 * (whole - nn.functional.pad(without, (0, 0, len(at), 0)))

    (found,) = scored(model, [ROW], [AT], lever)
    assert found == pytest.approx(obvious(wanted(ROW + ANSWER.ids, AT), len(ROW)), abs=1e-4)
    *_, (written,) = model.write([ROW], 3, Steering(lever, (AT,)))
    for t, token in enumerate(written):
        assert token == int(wanted(ROW + written[:t], AT)[-1].argmax())
    assert score_all(model, [ROW], ANSWER) != [sum(found) / len(found)]


def test_a_mixture_is_refused_for_either() -> None:
    other = make_model(seed=1)
    other.model.layers[1].self_attn.forward = lambda hidden_states, **_: (hidden_states, None)
    model = WHPModel(make_model(), other, make_tokenizer(), alpha=0.5)
    assert model.refuses(X4) == "only 1 of its 2 layers attend in a way to steer"
