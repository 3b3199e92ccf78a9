"""Followspot's reference uploader: a program of its own that knows the daemon by its events alone."""
