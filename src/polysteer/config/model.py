"""The `model:` section: which model, how to load it, and the checkpoints of its training."""

from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator, model_validator

from polysteer.config.section import Section
from polysteer.fields import Flag
from polysteer.layout import checkpoint_condition
from polysteer.terms import Dtype, Site


def _read_checkpoint(value: object) -> object:
    """A plain name with a slash in it is a folder or a hub id, any other is a revision."""
    if not isinstance(value, str):
        return value
    return {"id": value} if "/" in value else {"revision": value}


class CheckpointSettings(Section):
    """One more state of the model, from earlier in its training."""

    id: str | None = Field(None, description="a folder or a hub id; the model's own id if left out")
    revision: str | None = Field(None, description="a branch, tag or commit of it")

    @property
    def name(self) -> str:
        """What tables call it."""
        return "@".join(part for part in (self.id, self.revision) if part)

    @model_validator(mode="after")
    def _names_something(self) -> "CheckpointSettings":
        if not self.name:
            raise ValueError("a checkpoint is a revision of the model, a folder or a hub id; this names none")
        return self


class ModelSettings(Section):
    """Which model, and how to load it."""

    id: str
    revision: str | None = None
    dtype: Dtype = "auto"
    device: str = "auto"
    device_map: str | None = None
    trust_remote_code: Flag = False
    allow_pickle: Flag = False
    sites: dict[Site, str | tuple[str, ...]] = Field(
        default_factory=dict,
        description="where a site's modules are, with * for the block's number, if structure does not tell",
    )
    # Not in dumps, because what is loaded is one model, and what is stamped with it does not depend on these.
    checkpoints: tuple[Annotated[CheckpointSettings, BeforeValidator(_read_checkpoint)], ...] = Field(
        (),
        exclude=True,
        description="earlier states of the model in the order of its training, read without masks: revisions "
        "of it, or folders and hub ids, which have a slash in them",
    )

    @property
    def overrides(self) -> dict[str, str | tuple[str, ...]]:
        """Where the user says that a site's modules are."""
        return {str(site): modules for site, modules in self.sites.items()}

    def at(self, checkpoint: CheckpointSettings) -> "ModelSettings":
        """The same settings for one of its checkpoints."""
        own = {"id": checkpoint.id or self.id, "revision": checkpoint.revision, "checkpoints": ()}
        return self.model_copy(update=own)

    @field_validator("checkpoints")
    @classmethod
    def _checkpoints_differ(
        cls, checkpoints: tuple[CheckpointSettings, ...]
    ) -> tuple[CheckpointSettings, ...]:
        by_folder: dict[str, str] = {}
        for checkpoint in checkpoints:
            folder = checkpoint_condition(checkpoint.name)
            if folder in by_folder:
                raise ValueError(
                    f"the checkpoints {by_folder[folder]!r} and {checkpoint.name!r} are one, or too alike to "
                    "be kept apart; leave one of them out"
                )
            by_folder[folder] = checkpoint.name
        return checkpoints
