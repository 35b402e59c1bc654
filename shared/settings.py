"""Settings, typed and read in one place; nothing else looks at the environment.

Every setting can be given for one service (`CONFER_ISSUER_DATABASE_URL`) or for all (`CONFER_DATABASE_URL`);
the narrower one wins. The embedded profile needs none of them.
"""

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

PORTS = {"issuer": 8001, "backpack": 8002, "verifier": 8003, "directory": 8004}


_DATABASES = ("sqlite+aiosqlite://", "postgresql+asyncpg://")
S = TypeVar("S", bound="ServiceSettings")


class SettingRefused(Exception):
    """A setting that the profile cannot run with; the message names it and says what to change."""


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            "must be an http or https URL without query or fragment, such as https://badges.example.org"
        )
    return value.rstrip("/")


PublicUrl = Annotated[str, AfterValidator(_origin)]
"""An absolute http(s) URL without a trailing slash."""


class ServiceSettings(BaseSettings):
    """What every service can be told. A subclass names its service and adds its own."""

    service: ClassVar[str]
    model_config = SettingsConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    profile: Literal["embedded", "production"] = "embedded"
    """`embedded` needs no other setting; `production` refuses what must not be relied on, by name."""
    data_dir: Path = Path("var")
    """Where databases, the event log, keys, mail and evidence lie unless another setting says otherwise."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 0
    """0 takes the service's usual port."""
    metrics_port: int = 0
    """Where `relay`, `consume` and `work` answer Prometheus, each a process of its own; 0: nowhere. `serve` has `/metrics`."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses or networks of reverse proxies, with commas: who a caller is, is taken from `X-Forwarded-For` of these only."""
    public_url: PublicUrl = ""
    """How the world reaches this service; stored at first start and never recomputed."""

    issuer_url: PublicUrl = "http://localhost:8001"
    """The public URL of the issuer."""
    backpack_url: PublicUrl = "http://localhost:8002"
    """The public URL of the backpack."""
    verifier_url: PublicUrl = "http://localhost:8003"
    """The public URL of the verifier."""
    directory_url: PublicUrl = "http://localhost:8004"
    """The public URL of the directory."""
    peers: dict[str, str] = {}
    """Public origin -> inside base URL, for services that reach one another behind a proxy (JSON object)."""

    database_url: str = ""
    """SQLAlchemy async URL; empty means SQLite in the data directory."""
    kafka_bootstrap: str = ""
    """`host:port,…` of Apache Kafka; empty means the local log in the data directory."""
    key_file: Path | None = None
    """The key-encryption key, readable by its owner only (0600)."""
    smtp_url: SecretStr = SecretStr("")
    """`smtp://user:password@host:port` or `smtps://…`; empty writes messages into `<data_dir>/mail`."""
    mail_from: str = "Confer <badges@localhost>"
    """Whom mail comes from."""
    contexts_dir: Path | None = None
    """A folder with JSON-LD contexts that you pinned beside the built-in ones (`confer contexts`)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged; `debug` is refused in production."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the signature is pydantic's)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed in, then the service's own variables, then the common ones."""
        own = EnvSettingsSource(settings_cls, env_prefix=f"CONFER_{cls.service.upper()}_")
        common = EnvSettingsSource(settings_cls, env_prefix="CONFER_")
        return init_settings, own, common

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: dict[str, object]) -> dict[str, object]:
        """Derive what was not given from what was, so that the rest of the code meets complete settings."""
        filled = dict(given)
        directory = Path(str(filled.get("data_dir", "var")))
        if not filled.get("port"):
            filled["port"] = PORTS[cls.service]
        if not filled.get("public_url"):
            filled["public_url"] = filled.get(f"{cls.service}_url") or f"http://localhost:{filled['port']}"
        filled[f"{cls.service}_url"] = filled["public_url"]
        if not filled.get("database_url"):
            filled["database_url"] = f"sqlite+aiosqlite:///{directory / (cls.service + '.sqlite3')}"
        if not filled.get("key_file"):
            filled["key_file"] = directory / "keys" / f"{cls.service}.kek"
        return filled

    @property
    def embedded(self) -> bool:
        return self.profile == "embedded"

    @property
    def allow_loopback(self) -> bool:
        """Whether addresses of this machine may be fetched (decision 18: in the embedded profile only)."""
        return self.embedded

    @property
    def local_log(self) -> Path:
        """The file of the embedded event log, shared by the four services of one machine."""
        return self.data_dir / "log.sqlite3"

    @property
    def encryption_key_file(self) -> Path:
        assert self.key_file is not None  # filled in by _fill
        return self.key_file

    def refuse(self) -> None:
        """Refuse what cannot be used, and what the production profile must not run with (decision 2).

        Raises:
            SettingRefused: naming the setting to change.
        """
        name = f"CONFER_{self.service.upper()}_"
        smtp = urlsplit(self.smtp_url.get_secret_value())
        if any(smtp) and (smtp.scheme not in {"smtp", "smtps"} or not smtp.hostname):
            raise SettingRefused("CONFER_SMTP_URL: must be smtp://[user:password@]host[:port] or smtps://…")
        if not self.database_url.startswith(_DATABASES):
            raise SettingRefused(
                f"{name}DATABASE_URL: must be postgresql+asyncpg://… or sqlite+aiosqlite://…"
            )
        if self.embedded:
            return
        if self.database_url.startswith("sqlite"):
            raise SettingRefused(f"{name}DATABASE_URL: production needs PostgreSQL (postgresql+asyncpg://…)")
        if not self.kafka_bootstrap:
            raise SettingRefused(
                "CONFER_KAFKA_BOOTSTRAP: production needs Apache Kafka, the local log is one file"
            )
        for field in ("public_url", "issuer_url", "backpack_url", "verifier_url", "directory_url"):
            if not str(getattr(self, field)).startswith("https://"):
                raise SettingRefused(f"{name}{field.upper()}: production identifiers and URLs must be https")
        if self.log_level == "debug":
            raise SettingRefused("CONFER_LOG_LEVEL: debug output is refused in production")
        if not self.encryption_key_file.exists():
            raise SettingRefused(
                f"{name}KEY_FILE: production generates no key; make one with `confer keys new FILE` and mount it"
            )
        self._refuse_key_file(f"{name}KEY_FILE")
        if not self.smtp_url.get_secret_value():
            raise SettingRefused("CONFER_SMTP_URL: production sends mail over SMTP")

    def _refuse_key_file(self, name: str) -> None:
        # Imported here: whoever only reads settings needs no database.
        from shared.db.keys import KeyEncryption, KeyFileRefused

        try:
            KeyEncryption.from_file(self.encryption_key_file)
        except KeyFileRefused as refusal:
            raise SettingRefused(f"{name}: {refusal}") from refusal


def read_settings(settings_class: type[S]) -> S:
    """The settings as the environment gives them.

    Raises:
        SettingRefused: a value cannot be read; names the variable, never its value: it may be a secret.
    """
    try:
        return settings_class()
    except ValidationError as error:
        wrong = {_variable(settings_class, each["loc"]): each["msg"] for each in error.errors()}
        # What was derived from a wrong value is wrong too: the one that was given comes first.
        name = min(wrong, key=lambda variable: variable not in os.environ)
        raise SettingRefused(f"{name}: {wrong[name].removeprefix('Value error, ')}") from error
    except SettingsError as error:
        raise SettingRefused(f"CONFER_…: {error}") from error


def _variable(settings_class: type[ServiceSettings], location: tuple[int | str, ...]) -> str:
    """The environment variable that a setting was read from, the narrower one before the common one."""
    field = str(location[0]).upper() if location else "SETTINGS"
    own, common = f"CONFER_{settings_class.service.upper()}_{field}", f"CONFER_{field}"
    return common if own not in os.environ and common in os.environ else own
