"""Options that go together: declared once as a dataclass, which a command takes as one parameter."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

Command = Callable[..., None]


def take_groups(command: Command) -> Command:
    """The command as Typer is to see it: where a group stood, each of its fields is an option."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @wraps(command)
    def call(**given: Any) -> None:
        for name, group in groups.items():
            known = [field.name for field in fields(group) if field.name in given]
            given[name] = group(**{field: given.pop(field) for field in known})
        command(**given)

    options = list[Parameter]()
    for one in signature(command).parameters.values():
        options += signature(groups[one.name]).parameters.values() if one.name in groups else [one]
    seen = Signature([one.replace(kind=Parameter.KEYWORD_ONLY) for one in options])
    call.__signature__ = seen  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in options}
    return call
