"""What masks do to sentence vectors: every candidate judged on dev, the chosen one read on test."""
