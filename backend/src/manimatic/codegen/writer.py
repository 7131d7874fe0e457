"""Opens a connection for one call and holds the conversation over it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from manimatic.codegen.answer import Answer
from manimatic.codegen.conversation import Conversation
from manimatic.codegen.limits import Spending, Terms
from manimatic.codegen.model import GeminiModel, connect
from manimatic.codegen.trouble import Translator, Trouble
from manimatic.ports import Brief, DraftListener

VENDOR_HOST = "generativelanguage.googleapis.com"


class Writer:
    """Knows the vendor's address, the key and the terms."""

    def __init__(self, *, api_key: str, base_url: str, timeout_s: float, terms: Terms) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._terms = terms

    async def write(self, name: str, brief: Brief, listener: DraftListener, spending: Spending) -> Answer:
        """Have the named model write a scene. Raises GenerationError."""
        async with self._connect(name) as model:
            return await Conversation(brief, listener, spending, self._terms).run(model)

    async def offers(self, name: str) -> bool:
        """Tell whether the vendor lists the named model. Raises GenerationError."""
        async with self._connect(name) as model:
            try:
                return name in await model.list_names()
            except Trouble as trouble:
                raise trouble.error from None

    def _connect(self, name: str) -> AbstractAsyncContextManager[GeminiModel]:
        host = urlsplit(self._base_url).netloc.rpartition("@")[2] or VENDOR_HOST
        translator = Translator(api_key=self._api_key, host=host, model=name, timeout_s=self._timeout_s)
        return connect(
            api_key=self._api_key,
            base_url=self._base_url,
            name=name,
            timeout_s=self._timeout_s,
            translator=translator,
        )
