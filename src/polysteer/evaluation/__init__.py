"""One condition as rows of numbers: its layers one at a time, its losses, its texts. No torch."""
