"""Errors by what the caller can do about them."""

from typing import ClassVar


class FollowspotError(Exception):
    """Base of every error that a person may see: what happened, where, and what to do."""


class ConfigurationError(FollowspotError):
    """The configuration must be edited before the daemon can run."""


class StorageError(FollowspotError):
    """Media or state could not be made durable."""


class DiskFullError(StorageError):
    """No space is left: free some, then record again."""


class CommandRefusedError(FollowspotError):
    """A command was not carried out; `code` says why in a closed word, for programs (domain/commands has more)."""

    code: ClassVar[str] = "refused"
