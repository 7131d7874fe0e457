"""Run the command line: `python -m fastmanim`."""

from fastmanim.cli import main

if __name__ == "__main__":
    main()
