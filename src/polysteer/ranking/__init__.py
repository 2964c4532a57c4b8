"""Scores over responses, the values of neurons, and which neurons are experts. Needs no torch."""
