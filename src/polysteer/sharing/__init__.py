"""Masks to and from other people: their formats, and versions of ours through git, GTO and DVC."""
