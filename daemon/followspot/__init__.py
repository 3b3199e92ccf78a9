"""Followspot: a classroom recorder whose camera stays on the teacher."""

__version__ = "0.1.0"
