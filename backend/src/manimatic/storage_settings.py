"""The settings of where videos are kept; they are part of `settings.Settings`."""

from __future__ import annotations

from dataclasses import dataclass

from manimatic.errors import SettingsError
from manimatic.setting_parsers import choice, number, setting, url

MAX_ADDRESS_S = 7 * 86_400
"""S3 signs addresses for no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """Where videos are kept, and the keys to it."""

    cloudinary_cloud_name: str = setting("CLOUDINARY_CLOUD_NAME", "", "Cloudinary account.", str)
    cloudinary_api_key: str = setting("CLOUDINARY_API_KEY", "", "Cloudinary key.", str, secret=True)
    cloudinary_api_secret: str = setting("CLOUDINARY_API_SECRET", "", "Cloudinary secret.", str, secret=True)
    cloudinary_upload_prefix: str = setting(
        "CLOUDINARY_UPLOAD_PREFIX", "", "Address of Cloudinary's upload API; empty: the vendor's.", url
    )
    storage: str = setting(
        "MANIMATIC_STORAGE",
        "auto",
        "Where videos are kept; `auto`: Cloudinary when its three variables are set, else local.",
        choice("auto", "local", "cloudinary", "s3"),
    )
    s3_bucket: str = setting("MANIMATIC_S3_BUCKET", "", "Bucket of the videos, where the storage is `s3`.", str)
    s3_endpoint: str = setting(
        "MANIMATIC_S3_ENDPOINT", "", "Address of an S3-compatible service, bucket left out; empty: Amazon's.", url
    )
    s3_region: str = setting("MANIMATIC_S3_REGION", "us-east-1", "Region of the bucket.", str)
    s3_access_key_id: str = setting(
        "MANIMATIC_S3_ACCESS_KEY_ID", "", "Key that may write and delete in the bucket.", str, secret=True
    )
    s3_secret_access_key: str = setting("MANIMATIC_S3_SECRET_ACCESS_KEY", "", "Its secret.", str, secret=True)
    s3_read_key_id: str = setting(
        "MANIMATIC_S3_READ_KEY_ID", "", "Key that may only read; the API signs addresses with it.", str, secret=True
    )
    s3_read_secret_key: str = setting("MANIMATIC_S3_READ_SECRET_KEY", "", "Its secret.", str, secret=True)
    s3_address_s: float = setting(
        "MANIMATIC_S3_ADDRESS_S", 3600.0, "Seconds that a signed address is good for.", number(float, 1, MAX_ADDRESS_S)
    )

    def require_storage_keys(self) -> None:
        """Refuse a storage without its keys; asked by who stores, since the api and the launcher do not get them.

        Raises:
            SettingsError: A storage is chosen and one of its variables is missing.
        """
        cloudinary = (self.cloudinary_cloud_name, self.cloudinary_api_key, self.cloudinary_api_secret)
        if self.storage == "cloudinary" and not all(cloudinary):
            raise SettingsError("MANIMATIC_STORAGE=cloudinary needs CLOUDINARY_CLOUD_NAME, _API_KEY and _API_SECRET.")
        if self.storage == "s3" and not (self.s3_bucket and self.s3_access_key_id and self.s3_secret_access_key):
            raise SettingsError(
                "MANIMATIC_STORAGE=s3 needs MANIMATIC_S3_BUCKET, _ACCESS_KEY_ID and _SECRET_ACCESS_KEY."
            )

    def require_signing_keys(self) -> None:
        """Refuse S3 without the keys that sign addresses; asked by who serves, since who stores need not have them.

        Raises:
            SettingsError: Videos are in S3 and one of the variables is missing.
        """
        if self.storage == "s3" and not (self.s3_bucket and self.s3_read_key_id and self.s3_read_secret_key):
            raise SettingsError(
                "MANIMATIC_STORAGE=s3 needs MANIMATIC_S3_BUCKET, _READ_KEY_ID and _READ_SECRET_KEY to serve videos.",
                hint="Make a key that may only read the bucket; the API is given no other.",
            )

    @property
    def storage_kind(self) -> str:
        """Return `local`, `cloudinary` or `s3`, with `auto` resolved."""
        if self.storage != "auto":
            return self.storage
        complete = self.cloudinary_cloud_name and self.cloudinary_api_key and self.cloudinary_api_secret
        return "cloudinary" if complete else "local"
