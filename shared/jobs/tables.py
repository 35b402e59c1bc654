"""Where jobs and their rows are kept."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from shared.db import Instant, Json


@dataclass(frozen=True)
class JobTables:
    job: Table
    row: Table


def job_tables(metadata: MetaData) -> JobTables:
    """The tables `job` and `job_row` of a service; part of its migrations."""
    job = Table(
        "job",
        metadata,
        Column("id", String(32), primary_key=True),
        Column("organisation", String(64), nullable=False),
        Column("actor", String(100), nullable=False),
        Column("kind", String(50), nullable=False),
        Column("state", String(12), nullable=False),
        Column("total", Integer, nullable=False),
        Column("succeeded", Integer, nullable=False),
        Column("failed", Integer, nullable=False),
        Column("external_id", String(255)),
        Column("metadata", Json()),
        Column("parameters", Json(), nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("started_at", Instant()),
        Column("completed_at", Instant()),
        # The runner's lease: whoever holds the epoch may work until then; a later epoch shuts the earlier one out.
        Column("lease_epoch", BigInteger, nullable=False),
        Column("lease_until", Instant()),
        Column("attempts", Integer, nullable=False),
    )
    Index("ix_job_organisation_created_at_id", job.c.organisation, job.c.created_at, job.c.id)
    Index("ix_job_state_lease_until", job.c.state, job.c.lease_until)
    row = Table(
        "job_row",
        metadata,
        Column("job", String(32), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("state", String(9), nullable=False),
        Column("external_id", String(255)),
        Column("input", Text),  # gone once the row has succeeded: it may name a person
        Column("result", Json()),
        Column("problem", Json()),
    )
    Index("ix_job_row_job_state_position", row.c.job, row.c.state, row.c.position)
    return JobTables(job, row)
