"""The stages of a build, each done once: what a folder already holds is taken from there.

Sits on `_train`, so importing this imports torch. Knows names, order and files; not locks, and not
whether there is anything to do.
"""

# pyright: basic
# (what `_train` returns are transformers' objects, which do not stand strict mode)

from __future__ import annotations

import copy
import errno
import json
import random
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attribution.hf import HFModel
from attribution.recover import Trio
from unpact_tui import __version__
from unpact_tui.checkpoints import PROVENANCE
from unpact_tui.demo import _train, _unlearn, manifest, prompts, showcase
from unpact_tui.demo.corpus import Fact, make_world
from unpact_tui.demo.examples import Source
from unpact_tui.demo.manifest import BASE, FORGET, REFERENCE, RETAIN, Manifest, remove
from unpact_tui.demo.members import STAR, Member
from unpact_tui.demo.progress import FINISH, Progress, Stage, plan
from unpact_tui.demo.recipe import Recipe

_TRUNK = ".trunk.safetensors"

_NOT_ITS_FAULT = (errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Why a file that is whole may not be read now."""


class Stages:
    """A build under way."""

    def __init__(self, folder: Path, recipe: Recipe, members: Sequence[str]) -> None:
        self.folder = folder
        self.recipe = recipe
        self.members = [member for member in recipe.members if member.name in members]
        self.plan = plan(recipe, members)
        self.world = make_world(recipe.seed, recipe.people, recipe.forgotten)
        self.tokenizer = _train.make_tokenizer(self.world, recipe)
        self.source = Source(self.world, _train.encoder_of(self.tokenizer), recipe.training)

    def run(self) -> Iterator[Progress]:
        """Go through what is left to do. Raises OSError."""
        for leftover in self.folder.glob(".*.part"):
            remove(leftover)
        base, reference = yield from self._originals()
        for member in self.members:
            if self._found(member.name) is None:
                stage = self.plan.unlearned[member.name]
                unlearned = yield from stage.finished(self._forget(base, member))
                self._keep(member.name, unlearned, member)
        end = self.plan.total
        yield Progress("choosing what to show first", end - FINISH, end)
        self._finish(showcase.choose(self.world.forget, self._trio(base, reference)))
        yield Progress("finished", end, end)

    def _originals(
        self,
    ) -> Generator[Progress, None, tuple[_train.LlamaForCausalLM, _train.LlamaForCausalLM]]:
        """Return base and reference, made from one trunk."""
        world, training = self.world, self.plan
        base, reference = self._found(BASE), self._found(REFERENCE)
        if base is not None and reference is not None:
            return base, reference
        trunk = yield from self._trunk()
        if base is None:
            base = copy.deepcopy(trunk)
            yield from training.base.reports(self._teach(base, world.facts, training.base))
            self._keep(BASE, base)
        if reference is None:
            reference = trunk
            yield from training.reference.reports(
                self._teach(reference, world.retain, training.reference)
            )
            self._keep(REFERENCE, reference)
        return base, reference

    def _trio(self, base: _train.LlamaForCausalLM, reference: _train.LlamaForCausalLM) -> Trio:
        # HFModel asks for plain attributes; transformers' are properties.
        tokenizer: Any = self.tokenizer
        models = (base, self._found(STAR), reference)
        return Trio(*(HFModel(model, tokenizer) for model in models if model is not None))

    def _draw(self, stage: str) -> random.Random:
        """Each stage has chance of its own, so resuming at one changes nothing."""
        return random.Random(f"{self.recipe.seed} {stage}")

    def _trunk(self) -> Generator[Progress, None, _train.LlamaForCausalLM]:
        file = self.folder / _TRUNK
        model = _train.new_model(self.tokenizer, self.recipe)
        if file.exists():
            try:
                _train.load_weights(model, file)
            except OSError:
                remove(file)
                model = _train.new_model(self.tokenizer, self.recipe)
            else:
                return model
        yield from self.plan.trunk.reports(self._teach(model, self.world.retain, self.plan.trunk))
        part = file.with_name(f"{file.name}.part")
        try:
            _train.save_weights(model, part)
            part.replace(file)
        finally:
            remove(part)
        return model

    def _teach(
        self, model: _train.LlamaForCausalLM, facts: Sequence[Fact], stage: Stage
    ) -> Iterator[int]:
        decaying = stage is not self.plan.trunk
        return _train.teach(
            model, self.source, facts, stage.steps, self._draw(stage.name), decaying=decaying
        )

    def _forget(
        self, base: _train.LlamaForCausalLM, member: Member
    ) -> Generator[int, None, _train.LlamaForCausalLM]:
        return _unlearn.unlearn(copy.deepcopy(base), self.source, self.recipe, member)

    def _keep(
        self, name: str, model: _train.LlamaForCausalLM, member: Member | None = None
    ) -> None:
        """Write a checkpoint so that its folder is there whole or not at all."""
        part = self.folder / f".{name}.part"
        try:
            _train.save(model, self.tokenizer, part)
            if member is not None:
                made = {"method": member.method, "demo": asdict(member)}
                (part / PROVENANCE).write_text(json.dumps(made, indent=2), "utf-8")
            part.replace(self.folder / name)
        finally:
            remove(part)

    def _found(self, name: str) -> _train.LlamaForCausalLM | None:
        """Return a checkpoint of an earlier build; a damaged one is removed.

        Raises OSError where it cannot be told.
        """
        folder = self.folder / name
        if not folder.exists():
            return None
        try:
            return _train.load(folder)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _NOT_ITS_FAULT:
                raise
            remove(folder)
            return None

    def _finish(self, first: int | None) -> None:
        """Write the prompt files, then the manifest, and clear up."""
        forget, retain = prompts.files(self.recipe, self.world, first)
        manifest.write_whole(self.folder / FORGET, forget)
        manifest.write_whole(self.folder / RETAIN, retain)
        remove(self.folder / _TRUNK)
        whole = Manifest(
            schema=manifest.SCHEMA,
            recipe=self.recipe.digest(),
            version=__version__,
            showcase=None if first is None else prompts.identity("forget", first),
            showcase_rule=showcase.RULE,
            files=manifest.entries(self.folder, [member.name for member in self.recipe.members]),
            prompts=prompts.FORM,
        )
        manifest.write(self.folder, whole)
