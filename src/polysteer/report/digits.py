"""How numbers are written: three digits, a dash for what was not measured."""

from polysteer.numbers import write_size

UNREADABLE = 1e9


def percent(fraction: float | None) -> str:
    """One decimal."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def times(ratio: float | None) -> str:
    """A ratio."""
    return "-" if ratio is None else f"x{ratio:.2f}"


def probability(p: float | None) -> str:
    """A p-value without false precision."""
    if p is None:
        return "-"
    return f"{p:.4f}" if p < 0.1 else f"{p:.2f}"


def number(value: float | None) -> str:
    """Three digits, more for what is larger."""
    if value is None:
        return "-"
    if 999.5 <= abs(value) < UNREADABLE:
        return f"{value:,.0f}"
    return f"{value:#.3g}".removesuffix(".")


def size(k: float | None) -> str:
    """How many experts; a threshold alone says it where there is no number."""
    return "-" if k is None else write_size(k)
