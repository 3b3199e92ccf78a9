"""Errors by what the uploader does about them."""


class UploadError(Exception):
    """Base of every error that a person may see."""


class ConfigurationError(UploadError):
    """The configuration must be edited before the uploader can run."""


class TransferError(UploadError):
    """The store or the line failed: tried again later, from where it stopped."""


class MediaError(UploadError):
    """The file is not here, or not the one that was announced: nothing is uploaded."""


class HeldError(UploadError):
    """The uploader stops, or its time window has closed: the upload goes on later."""
