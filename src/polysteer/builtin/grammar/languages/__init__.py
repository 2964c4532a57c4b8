"""One YAML file per language, and README.md on how to write one."""
