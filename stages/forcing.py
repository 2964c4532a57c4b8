"""Making a step's work anew: what it left before is removed, so that nothing of it can be kept."""

import shutil
from collections.abc import Iterable

from polysteer.errors import ArtifactError
from polysteer.stages.run import Run


def forget(run: Run, stages: Iterable[str]) -> None:
    """Remove what these steps skip where it is finished; the others make all of theirs anew each time.

    A model that is not there is refused first. What a stopped run has made since is kept by the next one.
    """
    outputs = {
        "collect": [run.layout.responses],
        "rank": [run.layout.masks],
        "embed": [run.layout.vectors, run.layout.chosen],
    }
    folders = [folder for stage in stages for folder in outputs.get(stage, [])]
    if folders:
        _ = run.model_source
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArtifactError(
                f"{folder} cannot be removed: {error.strerror or error}; remove it by hand, then run the "
                "same command without --force"
            ) from error
