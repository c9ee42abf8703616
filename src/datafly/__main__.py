"""`python -m datafly` is the command `datafly`."""

from datafly.cli import main

if __name__ == "__main__":
    main()
