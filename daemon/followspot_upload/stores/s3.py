"""An S3-compatible store: parts of a file, each with a checksum that the store verifies; it knows how far they are."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from followspot_upload.announced import MediaFile
from followspot_upload.errors import HeldError, TransferError
from followspot_upload.pace import Pace, PacedFile
from followspot_upload.settings import StoreSettings
from followspot_upload.stores.port import Bookmark, Source

PART_BYTES = 8 * 1024 * 1024
"""S3 wants at least 5 MiB; a line that is cut costs at most this much again."""
HASH_CHUNK_BYTES = 1024 * 1024
NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10, 60
"""A store answers a part within seconds; a line that is silent for a minute is gone."""


@dataclass(frozen=True, slots=True)
class _Part:
    number: int
    start: int
    size: int


class S3Store:
    """A bucket and a prefix in it."""

    def __init__(self, settings: StoreSettings, part_bytes: int = PART_BYTES) -> None:
        self._bucket = settings.bucket
        self._prefix = settings.prefix.strip("/")
        self._part_bytes = part_bytes
        self._url = settings.url
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.url or None,
            region_name=settings.region,
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret(),
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"total_max_attempts": 1},  # our own back-off knows the time window
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path", "payload_signing_enabled": False},  # each part has its checksum
            ),
        )

    @property
    def name(self) -> str:
        """Endpoint and bucket."""
        return f"{self._url.rstrip('/')}/{self._bucket}" if self._url else f"s3://{self._bucket}"

    def put(self, media: MediaFile, source: Source, pace: Pace, bookmark: Bookmark) -> str:  # noqa: ARG002 - the store knows
        """See the port."""
        key = f"{self._prefix}/{media.name}" if self._prefix else media.name
        try:
            if self._is_there(key, media, source):
                return key
            if source.size <= self._part_bytes:
                self._put_whole(key, media, source, pace)
            else:
                self._put_parts(key, media, source, pace)
            if not self._is_there(key, media, source):
                raise TransferError(f"{self.name} took {key} and does not have it as it was sent")
        except (BotoCoreError, ClientError) as error:
            if isinstance(error.__context__, HeldError):  # botocore wraps what reading the file raises
                raise error.__context__ from None
            raise TransferError(f"{self.name} {key}: {error}") from error
        except KeyError as error:  # botocore takes an answer that was cut off for an empty one
            raise TransferError(f"{self.name} {key}: the answer lacks {error}") from error
        return key

    def _is_there(self, key: str, media: MediaFile, source: Source) -> bool:
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return False
            raise
        return bool(head["ContentLength"] == source.size and head["Metadata"].get("sha256") == media.sha256)

    def _put_whole(self, key: str, media: MediaFile, source: Source, pace: Pace) -> None:
        whole = _Part(1, 0, source.size)
        checks = _checksums(source.path, whole)
        with PacedFile(source.path, pace) as body:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentLength=source.size,
                Metadata={"sha256": media.sha256},
                **checks.sent(),
            )
        checks.compare(answer, key)

    def _put_parts(self, key: str, media: MediaFile, source: Source, pace: Pace) -> None:
        upload_id = self._upload_id(key, media)
        done = self._parts_there(key, upload_id)
        parts = []
        for part in _parts(source.size, self._part_bytes):
            checks = _checksums(source.path, part)
            there = done.get(part.number)
            if there is None or there["Size"] != part.size or not checks.is_in(there):
                there = self._put_part(key, upload_id, source, part, pace, checks)
            parts.append({"PartNumber": part.number, "ETag": there["ETag"], "ChecksumSHA256": checks.sha256})
        self._client.complete_multipart_upload(
            Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )

    def _put_part(
        self, key: str, upload_id: str, source: Source, part: _Part, pace: Pace, checks: "_Checksums"
    ) -> dict[str, Any]:
        with PacedFile(source.path, pace, part.start, part.size) as body:
            answer: dict[str, Any] = self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=part.number,
                Body=body,
                ContentLength=part.size,
                **checks.sent(),
            )
        checks.compare(answer, f"{key} part {part.number}")
        return answer

    def _upload_id(self, key: str, media: MediaFile) -> str:
        """The upload that an earlier attempt began, or a new one."""
        answer = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
        begun = [one["UploadId"] for one in _uploads(answer) if one["Key"] == key]
        if begun:
            return str(begun[0])
        created = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, Metadata={"sha256": media.sha256}, ChecksumAlgorithm="SHA256"
        )
        return str(created["UploadId"])

    def _parts_there(self, key: str, upload_id: str) -> dict[int, dict[str, Any]]:
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload_id)
        return {part["PartNumber"]: part for page in pages for part in page.get("Parts", [])}


@dataclass(frozen=True, slots=True)
class _Checksums:
    """A part's hashes: SHA-256 for stores that verify it, MD5 for the entity tag of those that do not."""

    sha256: str
    md5: bytes

    def sent(self) -> dict[str, str]:
        return {"ChecksumSHA256": self.sha256, "ContentMD5": base64.b64encode(self.md5).decode()}

    def is_in(self, answer: dict[str, Any]) -> bool:
        if "ChecksumSHA256" in answer:
            return bool(answer["ChecksumSHA256"] == self.sha256)
        return bool(answer["ETag"].strip('"') == self.md5.hex())

    def compare(self, answer: dict[str, Any], what: str) -> None:
        if not self.is_in(answer):
            raise TransferError(f"{what}: the store's checksum is not that of the file")


def _uploads(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """An answer without uploads must at least name the bucket: else it is no answer, and a second one would begin."""
    if "Bucket" not in answer:
        raise KeyError("Bucket")
    found: list[dict[str, Any]] = answer.get("Uploads", [])
    return found


def _checksums(path: Path, part: _Part) -> _Checksums:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        file.seek(part.start)
        left = part.size
        while left and (chunk := file.read(min(left, HASH_CHUNK_BYTES))):
            sha256.update(chunk)
            md5.update(chunk)
            left -= len(chunk)
    return _Checksums(base64.b64encode(sha256.digest()).decode(), md5.digest())


def _parts(size: int, part_bytes: int) -> list[_Part]:
    starts = range(0, size, part_bytes)
    return [_Part(number, start, min(part_bytes, size - start)) for number, start in enumerate(starts, start=1)]
