"""From names of tensors to layers and modules, for the families that are read."""

from __future__ import annotations

import pytest
from checkpoints_fixture import FAMILIES, make_model

from unpact_tui.weights.headers import Header, group_line, headers
from unpact_tui.weights.names import core, place


@pytest.mark.parametrize(
    ("name", "layer", "module"),
    [
        ("model.layers.5.mlp.down_proj.weight", 5, "mlp.down_proj"),
        ("model.layers.5.self_attn.q_proj.bias", 5, "self_attn.q_proj"),
        ("transformer.h.3.attn.c_attn.weight", 3, "attn.c_attn"),
        ("h.11.ln_1.bias", 11, "ln_1"),
        ("gpt_neox.layers.0.attention.query_key_value.weight", 0, "attention.query_key_value"),
        ("model.decoder.layers.2.fc1.weight", 2, "fc1"),
        ("transformer.blocks.7.ffn.up_proj.weight", 7, "ffn.up_proj"),
        ("backbone.layers.9.mixer.A_log", 9, "mixer.A_log"),
        ("model.layers.2.block_sparse_moe.experts.7.w1.weight", 2, "block_sparse_moe.experts.*.w1"),
        ("vision_tower.encoder.layers.1.mlp.fc1.weight", 1, "vision_tower.encoder.mlp.fc1"),
        ("model.embed_tokens.weight", None, "embed_tokens"),
        ("transformer.wte.weight", None, "wte"),
        ("gpt_neox.final_layer_norm.bias", None, "final_layer_norm"),
        ("lm_head.weight", None, "lm_head"),
        ("model.norm.weight", None, "norm"),
        ("weight", None, "weight"),
        ("", None, ""),
        ("model.layers.²3.x", None, "layers.²3.x"),
        ("model.layers.99999999999999999999.x", None, "layers.*.x"),
        ("7.weight", None, "*"),
        ("layers.4", 4, "layer"),
    ],
)
def test_place(name: str, layer: int | None, module: str) -> None:
    assert place(name) == (layer, module)


def test_core_is_what_two_releases_share() -> None:
    assert core("transformer.h.0.ln_1.weight") == core("h.0.ln_1.weight")
    assert core("model") == "model"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_layers(family: str) -> None:
    """Two layers, all modules in both, and few tensors outside."""
    found = [place(name) for name, _ in make_model(family).named_parameters()]
    by_layer = [{module for layer, module in found if layer == index} for index in (0, 1)]
    assert by_layer[0] == by_layer[1]
    assert len(by_layer[0]) >= 6
    assert {layer for layer, _ in found} == {None, 0, 1}
    assert len({module for layer, module in found if layer is None}) <= 5


LLAMA = ("all", "self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj", "input_layernorm")


def test_headers_are_shortened_alike() -> None:
    assert [title.name for title in headers(LLAMA, 20)] == [
        "all", "q_proj", "o_proj", "down_proj", "input_layernorm",
    ]  # fmt: skip
    assert [title.name for title in headers(LLAMA, 8)] == ["all", "q", "o", "down", "in_ln"]
    assert headers(LLAMA, 8)[1].group == "self_attn"
    assert all(len(title.name) < 4 for title in headers(LLAMA, 4))


def test_columns_of_a_group_have_different_names() -> None:
    modules = ("post_attention_layernorm", "post_feedforward_layernorm", "pre_attention_layernorm")
    for width in range(7, 12):
        names = [title.name for title in headers(modules, width)]
        assert len(set(names)) == 3, names


def test_groups_stand_above_their_columns() -> None:
    titles = (Header("", "a"), Header("self_attn", "q"), Header("self_attn", "k"), Header("m", "x"))
    assert group_line(titles, 5) == "     self_attn m    "
    assert group_line(titles[:2], 5) == "     self "
