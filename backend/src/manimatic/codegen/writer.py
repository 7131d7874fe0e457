"""Opens a connection for one call and holds the conversation over it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from manimatic.codegen.answer import Answer
from manimatic.codegen.conversation import Conversation
from manimatic.codegen.limits import Spending, Terms
from manimatic.codegen.model import LanguageModel, connect, load_opener
from manimatic.codegen.prompting import Prompter
from manimatic.codegen.trouble import Trouble
from manimatic.codegen.vendors import Account
from manimatic.ports import Brief, DraftListener


class Writer:
    """Knows whom to ask, what to say, and the terms.

    The constructor loads the vendor's library.

    Raises:
        ImportError: The library is missing.
    """

    def __init__(self, account: Account, prompter: Prompter, *, timeout_s: float, terms: Terms) -> None:
        self._account = account
        self._prompter = prompter
        self._timeout_s = timeout_s
        self._terms = terms
        self._opener = load_opener(account.vendor)
        self._without_schema: set[str] = set()
        """Models that have rejected requests with a schema, and answered them without."""

    async def write(self, name: str, brief: Brief, listener: DraftListener, spending: Spending) -> Answer:
        """Have the named model write a scene. Raises GenerationError."""
        async with self._connect(name) as model:
            takes_schema = model.takes_schema and name not in self._without_schema
            conversation = Conversation(
                self._prompter.opening(brief),
                listener,
                spending,
                self._terms,
                takes_schema=takes_schema,
                may_drop_schema=self._account.vendor.may_refuse_schema,
            )
            answer = await conversation.run(model)
        if takes_schema and not conversation.takes_schema:
            self._without_schema.add(name)
        return answer

    async def offers(self, name: str) -> bool:
        """Tell whether the vendor lists the named model. Raises GenerationError."""
        async with self._connect(name) as model:
            try:
                return name in await model.list_names()
            except Trouble as trouble:
                raise trouble.error from None

    def _connect(self, name: str) -> AbstractAsyncContextManager[LanguageModel]:
        return connect(self._opener, self._account, name, timeout_s=self._timeout_s)
