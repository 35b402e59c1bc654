"""`python -m services`: the command line, without an installed script."""

from services.cli import confer


def main() -> None:
    """Run the `confer` command."""
    confer()


if __name__ == "__main__":
    main()
