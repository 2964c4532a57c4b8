"""A plan drawn for a terminal."""

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from polysteer.planning import Plan, Speed
from polysteer.planning.plan import estimate_minutes

CACHE_NOTE = "and as much again in DVC's cache, where the file system cannot share blocks"
UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def draw_plan(plan: Plan, speed: Speed | None) -> RenderableType:
    """What is read, then what is kept on disk, then what is held in memory."""
    return Group(_draw_reading(plan, speed), _draw_disk(plan), _draw_memory(plan))


def format_bytes(n_bytes: int | None) -> str:
    """In decimal units, as disks and networks have them."""
    if n_bytes is None:
        return "not known"
    for unit, size in UNITS:
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} B"


def _draw_reading(plan: Plan, speed: Speed | None) -> Table:
    splits = ", ".join(f"{split} {n}" for split, n in plan.n_sentences.items())
    table = _table(
        f"{plan.model}: {plan.n_parameters:,} parameters, {plan.n_neurons:,} neurons\n"
        f"{len(plan.languages)} languages; sentences: {splits}",
        "reading",
        "tokens",
        "with loss",
        "minutes",
    )
    for job in plan.jobs:
        minutes = _minutes(estimate_minutes(job, speed))
        table.add_row(job.name, f"{job.forward_tokens:,}", f"{job.loss_tokens:,}", minutes)
    table.add_section()
    table.add_row("all", f"{plan.forward_tokens:,}", f"{plan.loss_tokens:,}", _minutes(plan.minutes(speed)))
    if speed:
        table.caption = f"at {speed.plain:,.0f} tokens per second, {speed.with_losses:,.0f} with losses"
        table.caption_justify = "left"
    return table


def _draw_disk(plan: Plan) -> RenderableType:
    table = _table("", "disk", "bytes")
    for item in plan.stored:
        table.add_row(item.name, format_bytes(item.n_bytes))
    table.add_section()
    table.add_row("artifacts", format_bytes(plan.disk_bytes))
    return Group(table, Padding(CACHE_NOTE, (0, 1)))


def _draw_memory(plan: Plan) -> Table:
    memory = plan.memory
    table = _table("", f"memory, {memory.dtype} on {memory.device}", "bytes")
    table.add_row("weights", format_bytes(memory.weights))
    table.add_row("activations", format_bytes(memory.activations))
    table.add_row("results", format_bytes(memory.results))
    if memory.fine_tuning:
        table.add_row("fine-tuning", format_bytes(memory.fine_tuning))
    table.add_section()
    table.add_row("all", format_bytes(memory.total))
    return table


def _minutes(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:,.1f}"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
