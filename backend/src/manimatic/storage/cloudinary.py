"""Videos at Cloudinary, through its own SDK.

Every call carries the account's names and keys in its options, and those options that the SDK would otherwise take
from its global configuration are set as well: two accounts can live in one process, and nothing is left in globals.
What stays global in the SDK cannot be had per call: the connection pool, and its proxy (`CLOUDINARY_API_PROXY`, read
when the SDK is imported).
"""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from manimatic.errors import SettingsError, StorageError, VideoNotFound
from manimatic.ports import Stored
from manimatic.storage.names import open_video, require_name

CHUNK_BYTES = 6_000_000
"""Cloudinary takes chunks of 5 MB and more, except the last."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
_CONNECT_S = 15.0  # the SDK's pool connects up to four times within one try
_PING_S = 5.0
_VENDOR = "https://api.cloudinary.com"
_MESSAGE_CHARS = 300
_HASH = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")
_PICTURES = frozenset({"gif", "png"})
_HINT_KEYS = (
    "Check CLOUDINARY_CLOUD_NAME, CLOUDINARY_API_KEY and CLOUDINARY_API_SECRET, and this machine's clock; "
    "the rendered video is kept and can be stored again."
)
_HINT_REFUSED = "Cloudinary's message says why; the rendered video is kept and can be stored again."
_HINT_REACH = (
    "Cloudinary is overloaded or out of reach (CLOUDINARY_UPLOAD_PREFIX, if set, has to be its upload API); "
    "the rendered video is kept and can be stored again."
)
_HINT_INSTALL = "Install it with `pip install cloudinary`, or set MANIMATIC_STORAGE=local."


class CloudinaryStorage:
    """Keeps videos in a Cloudinary account.

    Args:
        cloud_name: The account.
        api_key: Its key.
        api_secret: Its secret; signs every request and is never sent.
        upload_prefix: Address of the upload API; empty: the vendor's.
        timeout_s: Longest silence of the server during one request.
        tries: How often a request is made before a failure that may pass is final.
        first_wait_s: Pause before the second try; it doubles with every further one.
        sleep: Waits.

    Raises:
        SettingsError: The SDK is not installed or cannot be loaded.
    """

    name = "cloudinary"

    def __init__(
        self,
        cloud_name: str,
        api_key: str,
        api_secret: str,
        upload_prefix: str = "",
        timeout_s: float = 60.0,
        tries: int = 4,
        *,
        first_wait_s: float = FIRST_WAIT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sdk = _load_sdk()
        self._secrets = (api_secret, api_key)
        self._prefix = upload_prefix or _VENDOR
        self._timeout_s = timeout_s
        self._tries = tries
        self._first_wait_s = first_wait_s
        self._sleep = sleep
        self._account = {
            "cloud_name": cloud_name,
            "api_key": api_key,
            "api_secret": api_secret,
            "upload_prefix": self._prefix,
            "timeout": _timeout(timeout_s),
            "oauth_token": None,
            "signature_algorithm": "sha1",
            "signature_version": 2,
        }

    def put(self, name: str, path: Path) -> Stored:
        """Upload the file in chunks; a video that is already there under this name stays as it is.

        Raises:
            StorageError: The name or the file is not acceptable, Cloudinary refused it, or could not be reached.
        """
        require_name(name)
        answer = self._persist(lambda: self._upload(name, path))
        url = answer.get("secure_url") if isinstance(answer, dict) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise StorageError("Cloudinary took the video but gave no address for it.")
        return Stored(url=url, expires_at=None)

    def delete(self, name: str) -> None:
        """Remove the video and its copies in the delivery network; removing what is not there is harmless.

        Raises:
            StorageError: The name is not acceptable, Cloudinary refused, or could not be reached.
        """
        require_name(name)
        self._persist(lambda: self._destroy(name))

    def open_local(self, name: str) -> Path:
        """Refuse: no video lies on this machine.

        Raises:
            VideoNotFound: Always.
        """
        raise VideoNotFound(hint="Videos are kept at Cloudinary; GET /status/<job_id> gives the address.")

    def ping(self) -> None:
        """Open a connection to the upload API and close it again; no request is made, so none is counted.

        Raises:
            StorageError: The upload API cannot be reached.
        """
        address = urlsplit(self._prefix)
        try:
            port = address.port or (443 if address.scheme == "https" else 80)
            socket.create_connection((address.hostname or "", port), min(self._timeout_s, _PING_S)).close()
        except (OSError, ValueError) as error:
            raise StorageError("Cloudinary cannot be reached.", hint=_HINT_REACH) from error

    def _upload(self, name: str, path: Path) -> Any:
        return self._sdk.upload_large(
            open_video(path),  # the SDK closes it
            filename=name,
            chunk_size=CHUNK_BYTES,
            overwrite=False,
            invalidate=True,
            upload_preset=None,
            **self._target(name),
        )

    def _destroy(self, name: str) -> Any:
        target = self._target(name)
        return self._sdk.destroy(target.pop("public_id"), invalidate=True, **target)

    def _target(self, name: str) -> dict[str, Any]:
        public_id, _, suffix = name.partition(".")
        kind = "image" if suffix in _PICTURES else "video"
        return {"public_id": public_id, "resource_type": kind, **self._account}

    def _persist(self, request: Callable[[], Any]) -> Any:
        """Make the request until it succeeds, is refused for good, or has been tried often enough."""
        from cloudinary.exceptions import AuthorizationRequired, BadRequest, Error, NotAllowed, NotFound

        for number in range(1, self._tries + 1):
            try:
                return request()
            except (AuthorizationRequired, NotAllowed) as error:
                raise self._refused(error, _HINT_KEYS) from None
            except (BadRequest, NotFound) as error:
                raise self._refused(error, _HINT_REFUSED) from None
            except Error as error:  # 420, 429, 5xx, unreadable answers, lost connections
                if number == self._tries:
                    raise self._refused(error, _HINT_REACH) from None
            self._sleep(self._pause_s(number))
        raise StorageError("No try was allowed.", hint="Allow at least one.")

    def _pause_s(self, number: int) -> float:
        # the spread keeps dispatchers that failed together from coming back together
        return min(LONGEST_WAIT_S, self._first_wait_s * 2.0 ** (number - 1)) * random.uniform(0.5, 1.0)

    def _refused(self, error: Exception, hint: str) -> StorageError:
        """Quote the vendor's words without keys, secrets and signatures."""
        text = " ".join(str(error).split())
        for secret in self._secrets:
            text = text.replace(secret, "***") if secret else text
        return StorageError(f"Cloudinary did not take it: {_HASH.sub('***', text)[:_MESSAGE_CHARS]}", hint=hint)


def _load_sdk() -> Any:
    try:
        import cloudinary.uploader
    except ImportError as error:
        raise SettingsError("Storing at Cloudinary needs the package `cloudinary`.", hint=_HINT_INSTALL) from error
    except ValueError:  # the SDK reads CLOUDINARY_URL when it is imported; the value holds the secret
        raise SettingsError(
            "CLOUDINARY_URL is malformed.", hint="Manimatic does not use it: remove it from the environment."
        ) from None
    return cloudinary.uploader


def _timeout(timeout_s: float) -> Any:
    from urllib3 import Timeout

    return Timeout(connect=min(timeout_s, _CONNECT_S), read=timeout_s)
