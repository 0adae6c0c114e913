"""Many pieces of work by many hands: on this machine, or by Ray.

`run` hands out jobs and says what is heard of them. Knows nothing of what the work is. Importing
this imports neither Ray nor anything else that is heavy.
"""

from __future__ import annotations

from unpact_tui.fleet.handing_out import run
from unpact_tui.fleet.jobs import Done, EngineName, Event, Fleet, Job, Lost, Said, Worker

__all__ = [
    "Done",
    "EngineName",
    "Event",
    "Fleet",
    "Job",
    "Lost",
    "Said",
    "Worker",
    "run",
]
