"""What arms let the model read and write, and the files that this leaves."""
