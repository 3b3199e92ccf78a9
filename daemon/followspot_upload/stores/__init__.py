"""Where media goes: one port, and a store for each protocol."""

from followspot_upload.settings import Settings
from followspot_upload.stores.port import ObjectStore


def open_store(settings: Settings) -> ObjectStore:
    """The store that the configuration names. Raises ConfigurationError."""
    if settings.store.kind == "tus":
        from followspot_upload.stores.tus import TusStore

        return TusStore(settings.store)
    from followspot_upload.stores.s3 import S3Store

    return S3Store(settings.store)
