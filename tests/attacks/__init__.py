"""The attack suite: hostile scenes and hostile input against every backend, judged on the host.

``script/attack`` runs it whole; ``tests/sandbox/test_attacks.py`` runs the part that fits into the tests. Rows, scenes
and expectations are data: ``rows.toml``. A backend is one entry of ``backends.BACKENDS``.
"""
