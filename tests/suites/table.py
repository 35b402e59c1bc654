"""What the suites found, in one table."""

from dataclasses import dataclass

from tests.suites.mocha import Results


@dataclass(slots=True)
class Row:
    """One suite: our results, and those of a server that refuses everything."""

    name: str
    ours: Results | None
    floor: Results


def print_table(rows: list[Row]) -> None:
    """Passed, failed and pending; and of the tests that the refusing server fails, how many of ours pass."""
    print(
        f"{'suite':24}{'passed':>8}{'failed':>8}{'pending':>9}{'refusing server fails':>24}{'of those we pass':>18}"
    )
    for row in rows:
        beyond = set(row.floor.failed)
        if row.ours is None:
            counts = f"{len(row.floor.passed):8}{len(row.floor.failed):8}{len(row.floor.pending):9}"
            print(f"{row.name:24}{counts}{len(beyond):24}{'-':>18}")
            continue
        # A hook that fails against the refusing server takes the tests behind it along: they count as failed there.
        ours = set(row.ours.passed) | set(row.ours.failed)
        beyond = ours - set(row.floor.passed)
        counts = f"{len(row.ours.passed):8}{len(row.ours.failed):8}{len(row.ours.pending):9}"
        print(f"{row.name:24}{counts}{len(beyond):24}{len(beyond & set(row.ours.passed)):18}")


def print_failures(rows: list[Row]) -> None:
    """Each test that we fail, with what the suite says of it."""
    for row in rows:
        if row.ours is None:
            continue
        for title in row.ours.failed:
            print(f"\n{row.name}: {title}\n  {row.ours.reasons.get(title, '')}")
