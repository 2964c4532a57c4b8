"""The model that comes with the package: where it lies, and how it is made."""
