"""Sentence vectors and token losses of a model under a mask, and the rivals made of vectors or text alone."""
