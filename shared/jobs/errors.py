"""How jobs refuse."""

from shared.http.problems import Problem


class JobNotCompleted(Problem):
    """Only a completed job with failed rows can be repaired. Wait for it, or look at its rows."""

    code, status, title = "job-not-completed", 409, "The job cannot be repaired now"


class JobFinished(Problem):
    """The job is completed or cancelled already; there is nothing left to cancel."""

    code, status, title = "job-finished", 409, "The job is finished"


class TooManyRows(Problem):
    """The call has more rows than one job takes (`limit`). Split it into several calls."""

    code, status, title = "too-many-rows", 413, "Too many rows for one job"


class NoRows(Problem):
    """The call has no row at all, so there is nothing to do. Send at least one."""

    code, status, title = "no-rows", 422, "There are no rows"
