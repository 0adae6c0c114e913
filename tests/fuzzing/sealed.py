"""Opens folders that try to run code and to reach a network, in a process where both are noted.

A program: `python -m fuzzing.sealed FOLDER` prints, as JSON, how each opening ended and all that
was noted. Sockets are refused; no variable tells the libraries that they are offline.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzzing import checkpoint_seeds as seeds

_WATCHED = {
    "pickle.find_class": "unpickled",
    "socket.connect": "network",
    "socket.getaddrinfo": "network",
    "socket.gethostbyname": "network",
    "subprocess.Popen": "program",
    "os.system": "program",
    "os.exec": "program",
}
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")

noted: list[str] = []


class Disconnected(OSError):
    """There is no network here."""


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    what = _WATCHED.get(event, "")
    if what:
        noted.append(f"{what}: {event}")
    if what == "network":
        raise Disconnected("no network")
    writes = event == "open" and "w" in str(arguments[1])
    if event == "open" and not writes and str(arguments[0]).endswith(_PICKLED):
        noted.append(f"pickle opened: {Path(str(arguments[0])).name}")
    if event == "import" and "evil" in str(arguments[0]):
        noted.append(f"imported: {arguments[0]}")


def _evil(folder: Path) -> None:
    """Put code and pickles into a folder; whoever runs any of it leaves a file."""
    code = f"open({str(folder.parent / 'ran')!r}, 'w')\n"
    for name in ("modeling_evil.py", "evil.py", "custom_generate.py", "__init__.py", "pipeline.py"):
        (folder / name).write_text(code)
    (folder / "custom_generate").mkdir(exist_ok=True)
    (folder / "custom_generate" / "generate.py").write_text(code)
    made = f"cbuiltins\nexec\n(V{code.strip()}\ntR."
    for name in ("pytorch_model.bin", "adapter_model.bin", "model.pt", "training_args.bin"):
        (folder / name).write_bytes(made.encode())


def _changed(path: Path, fields: dict[str, object]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


_CODE = {"AutoConfig": "modeling_evil.EvilConfig", "AutoModelForCausalLM": "modeling_evil.Evil"}
_PIPELINE = {"evil": {"impl": "pipeline.Evil", "pt": ["AutoModelForCausalLM"]}}


def _beside(folder: Path) -> None:
    """Everything that is not needed is there: code, pickles, pipelines, ways to generate."""
    code = {"auto_map": _CODE, "custom_pipelines": _PIPELINE}
    _changed(folder / "config.json", code)
    _changed(folder / "generation_config.json", {"custom_generate": str(folder)})
    tokenizer = {"auto_map": {"AutoTokenizer": ["evil.Evil", "evil.EvilFast"]}}
    _changed(folder / "tokenizer_config.json", tokenizer)


def _needed(folder: Path) -> None:
    _changed(folder / "config.json", {"auto_map": _CODE, "model_type": "evil"})


def _elsewhere(folder: Path) -> None:
    code = {name: f"some-org/some-repo--{place}" for name, place in _CODE.items()}
    _changed(folder / "config.json", {"auto_map": code, "model_type": "evil"})


def _kernel(folder: Path) -> None:
    _changed(folder / "config.json", {"attn_implementation": "some-org/some-kernel"})


def _tokenizer(folder: Path) -> None:
    fields = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", None]}}
    _changed(folder / "tokenizer_config.json", fields)
    (folder / "tokenizer.json").rename(folder / "vocab.json")


def _template(folder: Path) -> None:
    ran = str(folder.parent / "ran")
    text = "{{ cycler.__init__.__globals__.os.system('touch %s') }}{{ messages[0].content }}"
    (folder / "chat_template.jinja").write_text(text % ran)


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _indexed(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    places = dict.fromkeys(seeds.model_shapes(), "pytorch_model.bin")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def _named(folder: Path) -> None:
    _changed(folder / "config.json", {"transformers_weights": "pytorch_model.bin"})


MODELS: tuple[Callable[[Path], None], ...] = (
    _beside,
    _needed,
    _elsewhere,
    _kernel,
    _tokenizer,
    _template,
    _pickled,
    _indexed,
    _named,
)


def _mapped(folder: Path) -> None:
    mapping = {"base_model_class": "Evil", "parent_library": "modeling_evil"}
    _changed(folder / "adapter_config.json", {"auto_mapping": mapping, "task_type": None})


def _megatron(folder: Path) -> None:
    fields = {"megatron_config": {"x": 1}, "megatron_core": "modeling_evil"}
    _changed(folder / "adapter_config.json", fields)


def _corda(folder: Path) -> None:
    files = {"cache_file": "pytorch_model.bin", "covariance_file": "pytorch_model.bin"}
    fields = {"init_lora_weights": "corda", "corda_config": files}
    _changed(folder / "adapter_config.json", fields)


def _pickled_adapter(folder: Path) -> None:
    (folder / "adapter_model.safetensors").unlink()


def _of_the_hub(folder: Path) -> None:
    fields = {"base_model_name_or_path": "some-org/some-model"}
    _changed(folder / "adapter_config.json", fields)


ADAPTERS = (_mapped, _megatron, _corda, _pickled_adapter)


def _outcome(do: Callable[[], object]) -> str:
    from attribution.errors import AttributionError
    from unpact_tui.errors import UnpactError

    try:
        do()
    except (AttributionError, UnpactError) as error:
        return type(error).__name__
    return "opened"


def _tried(root: Path) -> dict[str, str]:
    from fuzzing.opened_checkpoints import ask

    import attribution

    base = seeds.write_model(root / "base")
    ended = {"plain": _outcome(lambda: ask(base, base))}
    for make in MODELS:
        folder = seeds.write_model(root / make.__name__)
        _evil(folder)
        make(folder)
        ended[make.__name__] = _outcome(lambda at=folder: ask(at, at))
        ended[f"library{make.__name__}"] = _outcome(
            lambda at=folder: attribution.open(at).encode("Hello")
        )
    for make in ADAPTERS:
        folder = seeds.write_adapter(root / make.__name__, base)
        _evil(folder)
        make(folder)
        ended[make.__name__] = _outcome(lambda at=folder: ask(base, at))
    folder = seeds.write_adapter(root / "hub", base)
    _of_the_hub(folder)
    ended["named by a file"] = _outcome(lambda: ask(folder, folder))
    return ended


def main() -> None:
    """Open everything, then what a person names on the hub: that alone may be asked for."""
    import peft  # noqa: F401 - what importing it does is no part of opening
    import torch
    import transformers.pipelines  # noqa: F401

    def refused(*_: object, **__: object) -> None:
        noted.append("torch.load")
        raise Disconnected("torch.load")

    torch.load = refused
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    os.chdir(root)
    sys.addaudithook(_note)
    ended = _tried(root)
    before = list(noted)
    from unpact_tui.checkpoints import read

    ended["named by a person"] = _outcome(lambda: read("some-org/some-model", "base"))
    ran = (root / "ran").exists()
    shutil.rmtree(root / "base")
    told = {"ended": ended, "noted": before, "asked": noted[len(before) :], "ran": ran}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
