"""A plan as tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from polysteer.cli.sheets import write_bytes
from polysteer.grid import Grid
from polysteer.planning import Plan, Speed
from polysteer.planning.jobs import Job
from polysteer.planning.plan import estimate_minutes

if TYPE_CHECKING:
    from polysteer.cli.sheets import Part

CACHE_NOTE = " and as much again in DVC's cache, where the file system cannot share blocks"


def list_plan(plan: Plan, speed: Speed | None) -> "Iterator[Part]":
    """What is read, then what is kept on disk, then what is held in memory."""
    yield _list_reading(plan, speed)
    if speed:
        yield f"at {speed.plain:,.0f} tokens per second, {speed.with_losses:,.0f} with losses"
    stored = [(item.name, write_bytes(item.n_bytes)) for item in plan.stored]
    yield Grid("", ("disk", "bytes"), (*stored, (), ("artifacts", write_bytes(plan.disk_bytes))))
    yield CACHE_NOTE
    yield _list_memory(plan)


def _list_reading(plan: Plan, speed: Speed | None) -> Grid:
    splits = ", ".join(f"{split} {n}" for split, n in plan.n_sentences.items())
    title = (
        f"{plan.model}: {plan.n_parameters:,} parameters, {plan.n_neurons:,} neurons\n"
        f"{len(plan.languages)} languages; sentences: {splits}"
    )
    header = ("reading", "tokens", "with loss", "minutes")
    jobs = [_write(job.name, job, estimate_minutes(job, speed)) for job in plan.jobs]
    return Grid(title, header, (*jobs, (), _write("all", plan, plan.minutes(speed))))


def _write(name: str, read: Job | Plan, minutes: float | None) -> tuple[str, ...]:
    shown = "-" if minutes is None else f"{minutes:,.1f}"
    return name, f"{read.forward_tokens:,}", f"{read.loss_tokens:,}", shown


def _list_memory(plan: Plan) -> Grid:
    memory = plan.memory
    parts = {"weights": memory.weights, "activations": memory.activations, "results": memory.results}
    if memory.fine_tuning:
        parts["fine-tuning"] = memory.fine_tuning
    lines = [(name, write_bytes(n_bytes)) for name, n_bytes in parts.items()]
    header = (f"memory, {memory.dtype} on {memory.device}", "bytes")
    return Grid("", header, (*lines, (), ("all", write_bytes(memory.total))))
