"""Settings: every default filled in, as one file that the other steps depend on."""

import json

from polysteer.artifacts import atomic_path
from polysteer.config.filling import fill_in
from polysteer.stages.run import Run


def perform(run: Run) -> str:
    """Written anew each time: it is the same bytes for the same settings."""
    with atomic_path(run.layout.settings) as temporary:
        temporary.write_text(json.dumps(fill_in(run.settings), ensure_ascii=False, indent=1) + "\n")
    return "every default filled in"
