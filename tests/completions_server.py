"""A completions server for tests: a transformers model behind HTTP, in a thread of this process.

It speaks one dialect at a time, as vLLM, OpenAI's legacy completions or llama.cpp's server do, and
misbehaves on order. Its log-probabilities are computed here, a second and obvious way. Uses nothing
of the package.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import torch

Speaks = Literal["vllm", "echo", "echo_without_0", "next", "text", "neither"]


@dataclass
class Mischief:
    """What is done instead of answering, once."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent as it is; None is the true answer."""
    cut: int | None = None
    """So many bytes of it are sent, then the connection is closed."""
    hang: threading.Event | None = None
    """Nothing is sent before it is set."""
    edit: Any = None
    """A function that changes the answer."""


class Refused(Exception):
    """A request that the server does not take."""


class Serving:
    """What the server knows; requests are kept in `asked`."""

    def __init__(self, model: Any, tokenizer: Any, speaks: Speaks, name: str) -> None:
        self.model, self.tokenizer, self.speaks, self.name = model, tokenizer, speaks, name
        self.several = True
        self.adds: tuple[int, ...] = ()
        """Ids that it puts before every prompt, as a beginning of text."""
        self.key: str | None = None
        self.top: int | None = None
        """Of dialect "next": how many likeliest tokens it gives at most; None: all."""
        self.most = 1 << 20
        """More than these it refuses to give."""
        self.tells_ids = True
        self.mischief: list[Mischief] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._lock = threading.Lock()

    # ------------------------------------------------------------ numbers

    def logprobs(self, ids: list[int]) -> torch.Tensor:
        """Of every next token behind every id: (L, V)."""
        with self._lock, torch.inference_mode():
            logits = self.model(input_ids=torch.tensor([ids])).logits[0]
        return logits.float().log_softmax(-1)

    def written(self, ids: list[int], limit: int) -> list[int]:
        said: list[int] = []
        while len(said) < limit:
            said.append(int(self.logprobs(ids + said)[-1].argmax()))
            if said[-1] == self.tokenizer.eos_token_id:
                break
        return said

    # ------------------------------------------------------------ answers

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        prompts = asked["prompt"]
        if isinstance(prompts, str):
            prompts = [self.tokenizer.encode(prompts)]
        elif self.speaks == "text":
            raise Refused("Input should be a valid string")
        elif prompts and isinstance(prompts[0], int):
            prompts = [prompts]
        if len(prompts) > 1 and not self.several:
            raise Refused("one prompt at a time")
        if self.speaks == "echo_without_0" and asked.get("max_tokens") == 0:
            raise Refused("max_tokens must be at least 1")
        prompts = [[*self.adds, *ids] for ids in prompts]
        choices = [{"index": i, **self.choice(ids, asked)} for i, ids in enumerate(prompts)]
        choices.reverse()  # whoever reads must go by the index
        usage = {"prompt_tokens": sum(map(len, prompts)), "completion_tokens": 1}
        return {"object": "text_completion", "choices": choices, "usage": usage}

    def choice(self, ids: list[int], asked: dict[str, Any]) -> dict[str, Any]:
        said = self.written(ids, asked.get("max_tokens", 16))
        found: dict[str, Any] = {"text": self.text(said), "finish_reason": "length"}
        if self.speaks == "vllm" and "prompt_logprobs" in asked:
            table = self.logprobs(ids)
            found["prompt_logprobs"] = [None] + [
                {str(id): {"logprob": float(table[at, id]), "rank": 1, "decoded_token": "?"}}
                for at, id in enumerate(ids[1:])
            ]
        if self.speaks == "vllm" and asked.get("return_token_ids") and self.tells_ids:
            found |= {"token_ids": said, "prompt_token_ids": ids}
        if self.speaks.startswith("echo") and asked.get("echo"):
            table = self.logprobs(ids + said)
            both = ids + said
            numbers = [float(table[at, id]) for at, id in enumerate(both[1:])]
            found["logprobs"] = {
                "tokens": [self.text([id]) for id in both],
                "token_logprobs": [None, *numbers],
            }
            found["text"] = self.text(both)
        if self.speaks == "next" and asked.get("logprobs"):
            if asked["logprobs"] > self.most:
                raise Refused("logprobs is too large")
            found["logprobs"] = {"content": self.content(ids, said, asked["logprobs"])}
        return found

    def content(self, ids: list[int], said: list[int], wanted: int) -> list[dict[str, Any]]:
        table = self.logprobs(ids + said)
        found: list[dict[str, Any]] = []
        for at, id in enumerate(said):
            numbers, likeliest = table[len(ids) - 1 + at].topk(
                min(wanted, self.top or wanted, table.shape[-1])
            )
            top = [
                {"id": other, "token": "?", "logprob": number}
                for other, number in zip(likeliest.tolist(), numbers.tolist(), strict=True)
            ]
            found.append({"id": id, "token": self.text([id]), "top_logprobs": top})
        return found

    def text(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def parts(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the answer a token at a time, as it is streamed."""
        whole = self.answer(asked)["choices"][0]
        ids = asked["prompt"]
        said = self.written([*self.adds, *ids], asked.get("max_tokens", 16))
        before = ""
        for at, id in enumerate(said):
            text = self.text(said[: at + 1])
            part: dict[str, Any] = {"index": 0, "text": text.removeprefix(before)}
            before = text
            if "token_ids" in whole:
                part["token_ids"] = [id]
            if "content" in (whole.get("logprobs") or {}):
                part["logprobs"] = {"content": [whole["logprobs"]["content"][at]]}
            yield {"choices": [part]}
        yield {"choices": [], "usage": {"prompt_tokens": len(ids)}}


class _Handler(BaseHTTPRequestHandler):
    serving: Serving

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.serving.headers.append(dict(self.headers))
        mischief = self.serving.mischief.pop(0) if self.serving.mischief else Mischief()
        if mischief.hang is not None:
            mischief.hang.wait(30)
            return
        asked = json.loads(body)
        self.serving.asked.append(asked)
        if mischief.status != 200:
            words = mischief.body or json.dumps({"error": {"message": "no luck"}}).encode()
            self.reply(mischief.status, words, mischief.headers)
            return
        status, words = self.true_answer(asked, mischief)
        self.reply(status, words if mischief.body is None else mischief.body, {}, mischief.cut)

    def true_answer(self, asked: dict[str, Any], mischief: Mischief) -> tuple[int, bytes]:
        serving = self.serving
        if serving.key and self.headers.get("Authorization") != f"Bearer {serving.key}":
            given = self.headers.get("Authorization")
            return 401, json.dumps({"error": {"message": f"wrong key {given}"}}).encode()
        if not self.path.endswith("/v1/completions") or asked["model"] != serving.name:
            return 404, b'{"error": "no such model"}'
        try:
            if asked.get("stream"):
                lines = [f"data: {json.dumps(part)}\n\n" for part in serving.parts(asked)]
                return 200, "".join([*lines, "data: [DONE]\n\n"]).encode()
            found = serving.answer(asked)
        except Refused as error:
            return 400, json.dumps({"error": {"message": str(error)}}).encode()
        if mischief.edit is not None:
            found = mischief.edit(found)
        return 200, json.dumps(found).encode()

    def reply(
        self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])


@contextmanager
def completions_server(
    model: Any, tokenizer: Any, speaks: Speaks = "vllm", *, name: str = "tiny", port: int = 0
) -> Iterator[Serving]:
    """Serve a model for as long as the context lasts."""
    serving = Serving(model, tokenizer, speaks, name)
    handler = type("Handler", (_Handler,), {"serving": serving})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        serving.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield serving
        finally:
            server.shutdown()
            thread.join()
