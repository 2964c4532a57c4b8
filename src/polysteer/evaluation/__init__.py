"""From vectors and judgements to metric rows: what was read, beside its rivals and its controls. No torch."""
