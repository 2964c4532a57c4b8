"""Where the revisions of the built-in model lie. Needs no torch: who only asks for a path pays nothing."""

from pathlib import Path
from typing import Final

from polysteer.errors import ModelError

FINAL_REVISION: Final = "main"
_SHIPPED: Final = Path(__file__).parent / "weights"


def builtin_folder(revision: str | None = None, *, weights: Path = _SHIPPED) -> Path:
    """The Hugging Face folder of a revision of the built-in model; the finished model if none is named."""
    name = FINAL_REVISION if revision is None else revision
    choices = list_revisions(weights)
    if name not in choices:
        raise ModelError(
            f"the built-in model has no revision '{name}' in {weights}: "
            + (
                f"choose one of {', '.join(choices)}"
                if choices
                else "none is there, so install the package again"
            )
        )
    return weights / name


def list_revisions(weights: Path = _SHIPPED) -> list[str]:
    """The revisions there are, in the order of training, the finished model last."""
    names = [path.parent.name for path in weights.glob("*/model.safetensors") if path.parent.name[0] != "."]
    return sorted(names, key=lambda name: (name == FINAL_REVISION, len(name), name))


def revision_name(step: int) -> str:
    """What the revision made after `step` steps is called."""
    return f"step-{step}"
