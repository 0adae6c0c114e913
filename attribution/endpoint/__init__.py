"""A model behind an OpenAI-compatible completions server, as one more door (`scorer.Model`).

`model` is the door, `dialects` how log-probabilities are asked for and read back, `detection` finds
out which of them a server speaks, `client` sends and tries again, `address` and `key` are what it
is sent to and with. Nothing outside this package knows HTTP.
"""

from __future__ import annotations
