"""What comes with the package: a grammar whose sentences translate each other, a model trained on them."""
