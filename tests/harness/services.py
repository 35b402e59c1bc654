"""The four services as objects, for tests that look at what they are made of."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from shared.process import Service
from shared.settings import ServiceSettings


def classes_of(name: str) -> tuple[type[Service], type[ServiceSettings]]:
    """A service's class and that of its settings."""
    title = name.capitalize()
    return (
        getattr(import_module(f"services.{name}.app"), title),
        getattr(import_module(f"services.{name}.settings"), f"{title}Settings"),
    )


@contextmanager
def service_of(name: str, data_dir: Path) -> Iterator[Service]:
    """A service that was made and not started; what it opened is closed afterwards."""
    service_class, settings_class = classes_of(name)
    made = service_class(settings_class(data_dir=data_dir))
    try:
        yield made
    finally:
        asyncio.run(made.stop())
