"""The embedded demo: a small family of real checkpoints, trained on the user's own machine.

`build` makes it, `ready` says where it is. Importing this does not import torch.
"""

from __future__ import annotations

from unpact_tui.demo.progress import Progress
from unpact_tui.demo.recipe import DEFAULT, Recipe
from unpact_tui.demo.zoo import Zoo, build, ready, verify

__all__ = ["DEFAULT", "Progress", "Recipe", "Zoo", "build", "ready", "verify"]
