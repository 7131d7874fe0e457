"""The history of the tables, one file a step; `manimatic.store.upgrade` runs it."""
