"""A tus 1.0 server: resumed at the byte that the server names."""

import asyncio
import logging
from http import HTTPStatus
from typing import BinaryIO, cast

import aiohttp
import yarl
from aiotus import ProtocolError, core, creation

from followspot_upload.announced import MediaFile
from followspot_upload.errors import TransferError
from followspot_upload.pace import Pace, PacedFile
from followspot_upload.settings import StoreSettings
from followspot_upload.stores.port import Bookmark, Source

CHUNK_BYTES = 1024 * 1024
"""What is in memory and in one request: a second at 8 Mbit/s, so that the answers' round trips cost little."""
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
"""A server answers a piece within seconds; a line that is silent for a minute is gone."""
FORGOTTEN = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

logging.getLogger("aiotus").setLevel(logging.WARNING)  # it tells every file at INFO; so do we


class TusStore:
    """The creation endpoint of a server. An object's key is its upload's URL."""

    def __init__(self, settings: StoreSettings, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._endpoint = yarl.URL(settings.url)
        self._prefix = settings.prefix.strip("/")
        self._chunk_bytes = chunk_bytes
        secret = settings.secret()
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    @property
    def name(self) -> str:
        """The endpoint."""
        return str(self._endpoint.with_user(None))

    def put(self, media: MediaFile, source: Source, pace: Pace, bookmark: Bookmark) -> str:
        """See the port."""
        try:
            return asyncio.run(self._put(media, source, pace, bookmark))
        except (aiohttp.ClientError, TimeoutError, ProtocolError, ConnectionError) as error:
            raise TransferError(f"{self.name} {media.name}: {error!r}") from error

    async def _put(self, media: MediaFile, source: Source, pace: Pace, bookmark: Bookmark) -> str:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            with PacedFile(source.path, pace) as paced:
                body = cast(BinaryIO, paced)  # of which only seek and read are used
                location = await self._known(session, bookmark)
                if location is None:
                    location = await self._create(session, media, body)
                    bookmark.set(str(location))
                await core.upload_buffer(session, location, body, chunksize=self._chunk_bytes, headers=self._headers)
            there = await core.offset(session, location, headers=self._headers)
            if there != source.size:
                raise TransferError(f"{location} has {there} bytes of {source.size}")
            return str(location)

    async def _known(self, session: aiohttp.ClientSession, bookmark: Bookmark) -> yarl.URL | None:
        """The upload that an earlier attempt began, unless the server has forgotten it."""
        place = bookmark.get()
        if place is None:
            return None
        location = yarl.URL(place)
        try:
            await core.offset(session, location, headers=self._headers)
        except aiohttp.ClientResponseError as error:
            if error.status in FORGOTTEN:
                return None
            raise
        return location

    async def _create(self, session: aiohttp.ClientSession, media: MediaFile, body: BinaryIO) -> yarl.URL:
        name = f"{self._prefix}/{media.name}" if self._prefix else media.name
        kind = "application/json" if media.path.endswith(".json") else "video/mp4"
        metadata = {"filename": name.encode(), "filetype": kind.encode(), "sha256": media.sha256.encode()}
        location = await creation.create(session, self._endpoint, body, metadata, headers=self._headers)
        return self._endpoint.join(location)
