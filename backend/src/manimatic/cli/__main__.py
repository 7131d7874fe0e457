"""``python -m manimatic.cli`` is `manimatic`."""

from manimatic.cli import main

if __name__ == "__main__":
    main()
