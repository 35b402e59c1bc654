"""One Job resource for all bulk work (decision 19): received as a stream, done in chunks, survived, repaired.

A service adds `job_tables(metadata)` to its tables, `jobs_router(…)` to its routers and a `JobRunner` to its workers. What
a kind of job does to its rows is a handler that runs in the same transaction as the results it returns.
"""

from shared.jobs.endpoints import jobs_router
from shared.jobs.model import Handler, Job, JobRow, Kind, RowResult
from shared.jobs.receiver import JobReceiver, open_job
from shared.jobs.rows import read_rows
from shared.jobs.runner import JobRunner
from shared.jobs.schemas import JobOut, JobRowOut
from shared.jobs.store import JobStore
from shared.jobs.tables import JobTables, job_tables

__all__ = [
    "Handler",
    "Job",
    "JobOut",
    "JobReceiver",
    "JobRow",
    "JobRowOut",
    "JobRunner",
    "JobStore",
    "JobTables",
    "Kind",
    "RowResult",
    "job_tables",
    "jobs_router",
    "open_job",
    "read_rows",
]
