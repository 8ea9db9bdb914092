"""`python -m rmsight`: the command line program."""

import sys

from ._rmsight import run


def main():
    """Run the program with the arguments of this process."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
