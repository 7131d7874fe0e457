"""Which storage the settings ask for; a part of `bootstrap`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from manimatic.ports import Signer, Storage
from manimatic.settings import Settings

if TYPE_CHECKING:
    from manimatic.storage.s3 import S3Storage


def build_storage(settings: Settings) -> Storage:
    """Return where videos are kept. Raises SettingsError where its keys are missing."""
    settings.require_storage_keys()
    if settings.storage_kind == "cloudinary":
        from manimatic.storage.cloudinary import CloudinaryStorage

        return CloudinaryStorage(
            settings.cloudinary_cloud_name,
            settings.cloudinary_api_key,
            settings.cloudinary_api_secret,
            settings.cloudinary_upload_prefix,
        )
    if settings.storage_kind == "s3":
        return _bucket_storage(settings, settings.s3_access_key_id, settings.s3_secret_access_key)
    return build_local_storage(settings)


def build_signer(settings: Settings) -> Signer | None:
    """Return what signs addresses of stored videos, None where they need none. Raises SettingsError."""
    settings.require_signing_keys()
    if settings.storage_kind != "s3":
        return None
    return _bucket_storage(settings, settings.s3_read_key_id, settings.s3_read_secret_key, timeout_s=5.0, tries=2)


def _bucket_storage(settings: Settings, key_id: str, secret: str, **patience: Any) -> S3Storage:
    from manimatic.storage.s3 import Bucket, S3Storage

    bucket = Bucket(
        name=settings.s3_bucket,
        key_id=key_id,
        secret=secret,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
    )
    return S3Storage(bucket, settings.public_url, settings.retention_h * 3600, time.time, **patience)


def build_local_storage(settings: Settings) -> Storage:
    """Return the storage in the data folder."""
    from manimatic.storage.local import LocalStorage

    return LocalStorage(settings.data_dir / "videos", settings.public_url, settings.retention_h * 3600, time.time)
