"""Spoiled checkpoints and adapters that are really opened and asked, each in a process of its own.

Takes torch and about a second for each, so there are hundreds where `checkpoints` has thousands.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from fuzzing import checkpoint_seeds as seeds
from fuzzing.attack import Format
from fuzzing.checkpoints import ADAPTER, CONFIG, around_adapter, around_model, spoil_fields
from fuzzing.isolated import Refused, in_a_child
from fuzzing.mutations import Json, json_bytes, spoiled, spoiled_json

from attribution.errors import AttributionError
from unpact_tui.engine import Engine
from unpact_tui.errors import UnpactError
from unpact_tui.settings import Settings
from unpact_tui.worker.protocol import Open

_REFUSALS = (UnpactError, AttributionError)
_SETTINGS = Settings(device="cpu")


def ask(base: Path, second: Path) -> None:
    """Open two folders as every command does, and have both read and write a little."""
    engine = Engine(_SETTINGS)
    for _ in engine.open(Open(str(base), str(second), None, _SETTINGS)):
        pass
    for model in engine.models.values():
        prompt = model.encode("What is the name of the town?")
        answer = model.answer("the winter", after=prompt)
        for _ in model.score([prompt.ids], answer):
            pass
        for written in model.write([prompt.ids], 2):
            model.decode(written[0])
            model.pieces(written[0])


def _open_model(path: Path) -> None:
    in_a_child(lambda: ask(path.parent, path.parent), _REFUSALS)


def _open_adapter(path: Path) -> None:
    base = path.parent.parent / f"{path.parent.name}-base"
    in_a_child(lambda: ask(base, path.parent), _REFUSALS)


def _regex(pattern: str) -> Json:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


_LONG = {"type": "Replace", "pattern": {"Regex": "."}, "content": "aa" * 500}
_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_TOKENIZER: dict[str, tuple[Json, ...]] = {
    "normalizer": (
        {"type": "Sequence", "normalizers": [_LONG] * 4},
        {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [_LONG] * 3}]},
        {"type": "Prepend", "prepend": "x" * 100_000},
        {"type": "Precompiled", "precompiled_charsmap": "AAAA"},
        {"type": "Strip", "strip_left": True, "strip_right": True},
        {"type": "x"},
    ),
    "pre_tokenizer": (
        _regex(r"(\w+\s?)+$"),
        _regex(r"("),
        _regex(""),
        {"type": "Split", "pattern": {"String": ""}, "behavior": "Removed", "invert": True},
        {"type": "Sequence", "pretokenizers": [_BYTES] * 500},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "x"},
    ),
    "post_processor": (
        {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}},
        {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}] * 50_000,
            "pair": [],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [4_000_000_000], "tokens": ["<s>"]}},
        },
        {"type": "BertProcessing", "sep": ["x", 10**6], "cls": ["y", 2**31]},
        None,
    ),
    "padding": ({"strategy": {"Fixed": 10**12}, "direction": "Right", "pad_id": 0}, 7),
    "truncation": ({"max_length": 0, "strategy": "LongestFirst", "stride": 9}, 7),
    "decoder": ({"type": "Replace", "pattern": {"Regex": ""}, "content": "x" * 9_999}, None),
    "model": (
        {"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "?"},
        {"type": "Unigram", "vocab": [["a", float("nan")]], "unk_id": 99},
        {"type": "BPE", "vocab": {"a": 2**32 - 1}, "merges": [["a", "b"]]},
        {"type": "WordLevel", "vocab": {}, "unk_token": ""},
        {"type": "x"},
    ),
    "added_tokens": (
        [],
        [{"id": 2**32 - 1, "content": "the", "special": True}],
        [{"id": 9, "content": "", "special": False}],
        [{"id": -1}],
        "x",
    ),
}

_TOKENIZER_CONFIG: dict[str, tuple[Json, ...]] = {
    "auto_map": ({"AutoTokenizer": ["evil.Evil", "evil.EvilFast"]}, {"AutoTokenizer": 7}, "x"),
    "tokenizer_class": ("RagTokenizer", "EvilTokenizer", "GPT2Tokenizer", "BertTokenizer", 7, ""),
    "tokenizer_file": ("/dev/zero", "/etc/passwd", "../../x", 7),
    "vocab_file": ("/dev/zero", "/etc/passwd"),
    "gguf_file": ("../../x.gguf", "evil.gguf"),
    "backend": ("sentencepiece", "mistral-common", "custom", 7),
    "model_max_length": (0, -1, 10**30, "x", None, 1),
    "bos_token": (None, "", "gone", 7, {"__type": "AddedToken", "content": 7}, ["<s>"]),
    "eos_token": (None, "the", {"content": "</s>", "evil": True}),
    "pad_token": ("new pad", 7),
    "extra_special_tokens": ([7], {"x": "y"}, ["new"] * 100, "x"),
    "added_tokens_decoder": ({"x": {}}, {"-1": {"content": "q"}}, {"999999": {"content": "q"}}, 7),
    "chat_template": ("{{ 1/0 }}", [{"name": "default", "template": "x"}], {"a": 1}, 7, ""),
    "fix_mistral_regex": (True, "x"),
    "padding_side": ("x", 7),
    "clean_up_tokenization_spaces": ("x", 7),
    "fast_tokenizer_files": (["tokenizer.4.0.0.json", "../x.json"], 7),
    "split_special_tokens": (True, "x"),
}

_GENERATION: dict[str, tuple[Json, ...]] = {
    "eos_token_id": ([[1]], "x", -1, 10**12, [None], {}, 1.5, [1] * 9_999),
    "bos_token_id": ([[1]], "x", -1),
    "max_new_tokens": (10**12, -1, "x"),
    "temperature": (0, -1, float("nan"), "x"),
    "num_beams": (10**9, -1, "x"),
    "cache_implementation": ("x", "quantized", 7),
    "custom_generate": ("some-org/evil", "modeling_evil.py"),
    "assistant_early_exit": (9, "x"),
    "stop_strings": (["x"], 7),
    "compile_config": ({"backend": "evil"}, 7),
    "watermarking_config": ({"greenlist_ratio": 2}, 7),
    "transformers_version": ("x", None, 7),
}

_TEMPLATES = (
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 'a' * 10**11 }}",
    "{{ '%100000000000d' % 1 }}",
    "{{ messages[0].content | center(10**11) }}",
    "{{ messages[0].content | indent(10**11) }}",
    "{{ [0] * 10**11 }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% set ns = namespace(x='a' * 999) %}"
    "{% for a in range(99) %}{% set ns.x = ns.x * 9 %}{% endfor %}",
    "{{ messages.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''.format.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.system('touch evil') }}",
    "{{ lipsum.__globals__['os'].popen('touch evil') }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{{ 1/0 }}",
    "{{ messages[0].content + 1 }}",
    "{{ messages[9].x.y }}",
    "{{ raise_exception('\x1b[2J no') }}",
    "{{ strftime_now(7) }}",
    "{{ messages[0].content[::-1] }}",
    "{{ messages[0].content }}{{ messages[0].content }}",
    "",
    "{{",
    "{{ tools | tojson }}{{ messages[0].content }}",
)


def _spoil_template(random: Random) -> bytes:
    if random.random() < 0.3:
        return spoiled(seeds.TEMPLATE.encode(), random)
    found = random.choice(_TEMPLATES)
    return (found + seeds.TEMPLATE if random.random() < 0.3 else found).encode()


def _spoil_weights(random: Random) -> bytes:
    """Have tensors that can be read and are not the model's."""
    shapes = dict(seeds.model_shapes())
    name, other = random.sample(list(shapes), 2)
    how = random.randrange(6)
    if how == 0:
        del shapes[name]
    elif how == 1:
        shapes[name] = (random.choice((0, 1, 7, 400)), *shapes[name][1:])
    elif how == 2:
        shapes[f"{name}.x" * random.choice((1, 50))] = (3, 3)
    elif how == 3:
        shapes[name], shapes[other] = shapes[other], shapes[name]
    header, data = seeds.described(shapes)
    if how == 4:
        data = bytes(random.randrange(256) for _ in range(64)) + data[64:]
    if how == 5:
        for entry in (header[name], header[other]):
            entry["dtype"] = random.choice(("I32", "U32", "F32"))
    return seeds.safetensors(header, data)


def _spoil_special(random: Random) -> bytes:
    return json_bytes(spoiled_json(seeds.SPECIAL, random))


def _around_old_tokenizer(folder: Path) -> None:
    """Have a tokenizer whose special tokens are in a file of their own, as old ones have."""
    around_model(folder)
    config = {key: item for key, item in seeds.TOKENIZER_CONFIG.items() if "added" not in key}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")


def _model(
    name: str,
    file: str,
    spoil: Callable[[Random], bytes],
    around: Callable[[Path], None] = around_model,
) -> Format:
    return Format(f"opened-{name}", spoil, _open_model, file, (Refused,), around)


FORMATS: tuple[Format, ...] = (
    _model("config", "config.json", spoil_fields(seeds.CONFIG, CONFIG)),
    _model("weights", "model.safetensors", _spoil_weights),
    _model("generation", "generation_config.json", spoil_fields(seeds.GENERATION, _GENERATION)),
    _model("tokenizer", "tokenizer.json", spoil_fields(seeds.TOKENIZER, _TOKENIZER)),
    _model(
        "tokenizer-config",
        "tokenizer_config.json",
        spoil_fields(seeds.TOKENIZER_CONFIG, _TOKENIZER_CONFIG),
    ),
    _model("special-tokens", "special_tokens_map.json", _spoil_special, _around_old_tokenizer),
    _model("chat-template", "chat_template.jinja", _spoil_template),
    Format(
        "opened-adapter",
        spoil_fields(seeds.ADAPTER_CONFIG, ADAPTER),
        _open_adapter,
        "adapter_config.json",
        (Refused,),
        around_adapter,
    ),
)
