"""A new project: the files that an experiment needs, under git and DVC."""

from polysteer.project.creation import NewProject, create_project

__all__ = ["NewProject", "create_project"]
