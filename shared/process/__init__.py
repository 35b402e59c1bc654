"""Running a service as processes: its life cycle, its background workers, its command line."""

from shared.process.commands import command_line
from shared.process.lifespan import with_lifespan
from shared.process.service import Service, Worker

__all__ = ["Service", "Worker", "command_line", "with_lifespan"]
