"""What to do about a file of the trials that is missing or damaged."""

REMEDY = "run `steer embed`, which makes it anew"
