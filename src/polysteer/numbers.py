"""Numbers that a user wrote, as text: two that differ never look alike."""


def write_exactly(value: float) -> str:
    """As short as `%g` where that is the same number, else with all its digits."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def write_size(k: float) -> str:
    """How many experts: a share of all neurons below 1, else a count."""
    return f"{k:,.0f}" if k >= 1 else write_exactly(k)
