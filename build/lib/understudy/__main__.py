"""Lets `python -m understudy` do what the `understudy` command does."""

from understudy.cli import main

if __name__ == "__main__":
    main()
