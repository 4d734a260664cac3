"""Typed settings: `crosscheck.toml`, overridden by `CROSSCHECK_…`; secrets only by reference.

A secret in the file is written as `env:NAME` or `file:PATH`; its value is read when it is used and registered
for redaction. Precedence: argument > environment > file > default.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from crosscheck.errors import ConfigError
from crosscheck.redact import register_secret

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def _reference(text: str) -> str:
    if not text.startswith(("env:", "file:")):
        raise ValueError("a secret is given by reference: env:NAME or file:PATH, never itself")
    return text


class SecretRef(BaseModel):
    """A secret's address. Only `resolve` reads the value."""

    model_config = ConfigDict(frozen=True)
    ref: Annotated[str, AfterValidator(_reference)]

    def resolve(self, base: Path) -> str:
        """The value; raises ConfigError naming the reference, never the value."""
        scheme, _, name = self.ref.partition(":")
        value = os.environ.get(name, "") if scheme == "env" else _read(base / name)
        if not value.strip():
            raise ConfigError(f"secret {self.ref} is empty or missing",
                              fix=f"export {name}=…" if scheme == "env" else f"write it to {name}, mode 600")
        return register_secret(value.strip())


def _expanded(value: Any) -> Any:
    """Options may name the environment as `${NAME}`; an unset name stays, for `Source.require_environment` to refuse:
    who only looks at tables needs no vendor's address.
    """
    if isinstance(value, dict):
        return {key: _expanded(item) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(lambda hit: os.environ.get(hit[1], hit[0]), value)


def _read(path: Path) -> str:
    if not path.is_file():
        return ""
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"secret file {path.name} is readable by others", fix=f"chmod 600 {path}")
    return path.read_text(encoding="utf-8")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not a time zone of the IANA list, e.g. Asia/Ho_Chi_Minh")
    return name


class Project(_Section):
    """Whose night this is."""

    name: str = "crosscheck"
    reporting_currency: str = Field("VND", pattern=r"^[A-Z]{3}$")
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Ho_Chi_Minh"
    history_days: int = Field(120, ge=1, le=1123)
    lookback_days: int = Field(35, ge=1, le=400)
    deep_lookback_days: int = Field(95, ge=1, le=400)


class Store(_Section):
    """Where things lie. `warehouse` is a SQLAlchemy URL or a secret reference to one."""

    warehouse: str = "duckdb:///var/warehouse.duckdb"
    published: str = "var/published.duckdb"
    landing: str = "var/landing"
    docs: str = "var/data-docs"  # each run's page over its checks
    data_docs: bool = False  # and Great Expectations' own site beneath it, which costs the night time
    landing_retention_days: int = 400
    contact_retention_days: int = Field(400, ge=1)  # raw contact data of leads that nobody changed any more
    docs_retention_days: int = 30
    archive_retention_days: int = Field(400, ge=1)
    memory_limit: str = "1GB"  # of DuckDB; beyond it work spills to disk


class Source(_Section):
    """One configured source. `secrets` are references; `options` belong to the connector."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    connector: str
    secrets: dict[str, Annotated[str, AfterValidator(_reference)]] = {}
    options: Annotated[dict[str, Any], AfterValidator(_expanded)] = {}
    accounts: tuple[str, ...] = ()  # empty: all that the credential reaches
    required: bool = True  # False: its absence never makes the night partial
    max_age_hours: int = 36

    def require_environment(self) -> None:
        """Raises ConfigError when an option names what the environment does not have: before anything is read."""
        if missing := _VARIABLE.search(str(self.options)):
            raise ConfigError(f"the environment has no {missing[1]}, which options of [[sources]] {self.name} name",
                              fix=f"export {missing[1]}=…")

    def placed(self, home: Path) -> Source:
        """The same source, its secret files found from a folder."""
        secrets = {name: f"file:{(home / ref.removeprefix('file:')).resolve()}" if ref.startswith("file:") else ref
                   for name, ref in self.secrets.items()}
        return self.model_copy(update={"secrets": secrets})


class Gates(_Section):
    """Thresholds that no table record can hold."""

    volume_drop: float = 0.5  # refuse below this share of the trailing median
    volume_rise: float = 10.0
    quarantine_share: float = 0.01
    vanished_share: float = 0.1  # refuse when more of the held records is missing from a list of keys
    fx_max_age_days: int = 7
    reconcile_tolerance: float = 0.005
    null_share_rise: float = 0.5


Severity = Literal["critical", "warning", "sla", "heartbeat"]


class Channel(_Section):
    """Somebody who is told: an Apprise address by reference, of what, in which language, and as whom.

    An operator hears what to type; a reader, what it means for the numbers and who sees to it.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    url: Annotated[str, AfterValidator(_reference)]
    severities: tuple[Severity, ...] = ("critical",)
    language: Literal["vi", "en"] = "en"
    audience: Literal["operator", "reader"] = "operator"


class Alerts(_Section):
    """Who is told. Channels have names; the three lists are channels without one, for an operator, in English."""

    critical: tuple[Annotated[str, AfterValidator(_reference)], ...] = ()
    warning: tuple[Annotated[str, AfterValidator(_reference)], ...] = ()
    sla: tuple[Annotated[str, AfterValidator(_reference)], ...] = ()  # who can send somebody to a waiting lead
    channels: tuple[Channel, ...] = ()
    cooldown_hours: int = 20
    deadline_hours: int = 26
    owner: str = "the pipeline's operator"

    @model_validator(mode="after")
    def _each_once(self) -> Alerts:
        names = [channel.name for channel in self.channels]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two channels are called {min(twice)!r}")
        return self

    @property
    def routes(self) -> tuple[Channel, ...]:
        """Every channel. One without a name goes by its reference, which no name looks like."""
        lists: dict[Severity, tuple[str, ...]] = {"critical": self.critical, "warning": self.warning, "sla": self.sla}
        plain = dict.fromkeys((*self.critical, *self.warning, *self.sla))
        unnamed = (Channel.model_construct(name=ref, url=ref, severities=tuple(
            severity for severity, refs in lists.items() if ref in refs)) for ref in plain)
        return (*unnamed, *self.channels)

    def told(self, severity: str) -> tuple[Channel, ...]:
        """Who is told of it. Breaches, where nobody is named for them, go to whoever hears of anything."""
        found = tuple(channel for channel in self.routes if severity in channel.severities)
        if severity == "sla" and not found:
            return self.told("warning") or self.told("critical")
        return found


class Report(_Section):
    """The nightly report: a file per language, written after each publication."""

    enabled: bool = True
    folder: str = "var/report"
    languages: tuple[Literal["vi", "en"], ...] = ("vi", "en")


class Person(_Section):
    """Somebody who gets letters. `role` is that of docs/decisions/0016: it says what the letters may name.

    A salesperson has `owners`, his ids at the CRMs as "source/owner id", and reads his own rows alone.
    """

    name: str = Field(min_length=1)
    side: Literal["marketing", "sales", "both"]
    channel: Annotated[str, AfterValidator(_reference)]
    language: Literal["vi", "en"] = "vi"
    role: Literal["analyst", "head", "salesperson"] = "analyst"
    letters: tuple[Literal["daily", "weekly"], ...] = ("daily", "weekly")
    owners: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _own(self) -> Person:
        if bool(self.owners) != (self.role == "salesperson"):
            raise ValueError("owners are given for a salesperson, and for nobody else")
        if not all("/" in owner for owner in self.owners):
            raise ValueError("an owner is written as source/owner id, e.g. hubspot/42")
        if self.owners and self.side != "sales":
            raise ValueError("a salesperson is of sales")
        return self

    @property
    def owns(self) -> frozenset[tuple[str, str]]:
        """The owner ids, as (source, owner id)."""
        return frozenset((source, owner) for source, _, owner in (text.partition("/") for text in self.owners))


class Letters(_Section):
    """Who gets the daily letters and the weekly pack, and where the whole report stands."""

    people: tuple[Person, ...] = ()
    link: str = ""

    @model_validator(mode="after")
    def _named_once(self) -> Letters:
        names = [person.name for person in self.people]
        if len(names) != len(set(names)):
            raise ValueError("two people bear one name: a letter goes to each name once")
        return self


class Settings(BaseSettings):
    """Everything a run needs to know, from one file and the environment."""

    model_config = SettingsConfigDict(env_prefix="CROSSCHECK_", env_nested_delimiter="__", extra="forbid")

    file: ClassVar[Path | None] = None
    project: Project = Project()
    store: Store = Store()
    gates: Gates = Gates()
    alerts: Alerts = Alerts()
    report: Report = Report()
    letters: Letters = Letters()
    sources: tuple[Source, ...] = ()
    rules: str = "rules"
    # The alias keeps the variable that holds the key from being read as the reference to it.
    privacy_key: Annotated[str, AfterValidator(_reference)] = Field("env:CROSSCHECK_PRIVACY_KEY",
                                                                    validation_alias="privacy_key")
    home: Path = Path()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Argument, environment, file; there is a file only where `load` names one."""
        toml = [] if cls.file is None else [TomlConfigSettingsSource(settings_cls, toml_file=cls.file)]
        return init_settings, env_settings, *toml

    @model_validator(mode="after")
    def _placed(self) -> Settings:
        """Secret files of sources lie beside the configuration; a connector knows its source alone."""
        self.sources = tuple(source.placed(self.home) for source in self.sources)
        return self

    def secret(self, ref: str) -> str:
        """The value behind a reference, relative to the configuration's folder."""
        return SecretRef(ref=ref).resolve(self.home)

    def path(self, text: str) -> Path:
        """A path of the file, relative to the configuration's folder."""
        return (self.home / text).resolve()

    @property
    def landing(self) -> str:
        """The landing zone's address: a URL as it stands, or an absolute path."""
        return self.store.landing if "://" in self.store.landing else str(self.path(self.store.landing))


def _reading(path: Path) -> type[Settings]:
    """Settings that look into a file as well."""
    class FromFile(Settings):
        file = path

    return FromFile


def load(path: Path | None = None) -> Settings:
    """Settings from a file (default `$CROSSCHECK_CONFIG`, else `./crosscheck.toml`).

    Raises ConfigError naming file and key.
    """
    file = Path(path or os.environ.get("CROSSCHECK_CONFIG", "crosscheck.toml")).resolve()
    if not file.is_file():
        raise ConfigError(f"no configuration at {file.name}", fix="crosscheck init")
    try:
        return _reading(file)(home=file.parent)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.name} is not TOML: {error}", fix=f"edit {file.name}") from None
    except OSError as error:
        raise ConfigError(f"{file.name} cannot be read: {error.strerror}", fix=f"see who owns {file}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{file.name}: {key}: {first['msg']}", fix=f"edit {file.name}") from None
