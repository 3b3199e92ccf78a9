"""Why segments cannot be made one file."""

from followspot.domain.errors import StorageError


class JoinError(StorageError):
    """These segments will never make one file: what is wrong with which."""
