"""The landing zone: what the vendors said, kept as received, with the canonical rows beside it.

    <url>/<source>/<account>/<stream>/<window>/<slice>/page-00001.json.zst …  <table>.parquet …  quarantine.parquet
                                                       manifest.json          written last: without it nothing landed

Any fsspec address works; on a local disk files are 0600, folders 0700, and everything is on disk before the manifest.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec
import msgspec
import pyarrow as pa

from connectors.base import Slice
from crosscheck.errors import ConfigError, DataError
from crosscheck.windows import Window

MANIFEST = "manifest.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One landed slice. `received` = vendor rows = `mapped` (rows of the primary table) + `quarantined`.

    `tables` counts rows per table; `page_rows` and `page_notes` have one entry per page; `notes` are the pages' notes
    merged; `sha256` names every file of the slice. `window` and the instants are text, as `str()` and isoformat give.
    """

    slice_id: str
    run_id: str
    source: str
    connector: str
    account: dict[str, Any]
    stream: str
    stream_key: str
    window: str
    since: str | None
    as_of: str
    business_zone: str
    folder: str
    pages: int
    received: int
    mapped: int
    quarantined: int
    tables: dict[str, int]
    drift: list[str]
    notes: dict[str, Any]
    page_rows: list[int]
    page_notes: list[dict[str, Any]]
    sha256: dict[str, str]


def folder(job: Slice) -> str:
    """The slice's folder, relative to the zone."""
    return address(job.source, job.account.account_id, job.stream.name, job.window, job.slice_id)


def address(source: str, account_id: str, stream: str, window: Window, slice_id: str) -> str:
    """A slice's folder from what the ledger knows of it; a vendor's id can never climb out of the zone."""
    account = re.sub(r"[^A-Za-z0-9_-]", lambda hit: f"%{ord(hit[0]):02X}", account_id) or "-"
    return f"{source}/{account[:120]}/{stream}/{window}/{slice_id}"


def page_name(page_no: int) -> str:
    """The file of a raw page, from 1."""
    return f"page-{page_no:05d}.json.zst"


class Sink:
    """A file being written that knows its own digest; what pyarrow's writers need of a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self._at, self.closed = file, hashlib.sha256(), 0, False

    def write(self, data: Any) -> int:
        """Append and digest."""
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._file.write(view)
        self._at += len(view)
        return len(view)

    def tell(self) -> int:
        """Bytes so far."""
        return self._at

    def flush(self) -> None:
        """Hand on to the system."""
        self._file.flush()

    def close(self) -> None:
        """Close, on disk where there is one."""
        if not self.closed:
            self.closed = True
            _sync(self._file)
            self._file.close()

    @property
    def sha256(self) -> str:
        """The digest of what was written."""
        return self._digest.hexdigest()


def _match(manifest: Manifest, name: str, digest: str) -> None:
    if digest != manifest.sha256[name]:
        raise DataError(f"{manifest.folder}/{name} is not what was landed",
                        fix="read the window again: crosscheck backfill")


def _sync(file: IO[bytes]) -> None:
    file.flush()
    try:
        os.fsync(file.fileno())
    except (OSError, AttributeError):  # an object store has no file descriptor, and is durable when it answers
        return


class LandingZone:
    """Reads and writes slices under one address."""

    def __init__(self, url: str | Path) -> None:
        self.fs, self.root = fsspec.core.url_to_fs(str(url))
        self.local = "file" in ([self.fs.protocol] if isinstance(self.fs.protocol, str) else self.fs.protocol)
        self._copies: Path | None = None

    def manifest(self, job: Slice) -> Manifest | None:
        """What this slice landed, or None. A manifest whose files are gone counts as not landed."""
        path = self.path(folder(job), MANIFEST)
        if not self.fs.exists(path):
            return None
        manifest = msgspec.json.decode(self.fs.cat_file(path), type=Manifest)
        return manifest if all(self.fs.exists(self.path(manifest.folder, name)) for name in manifest.sha256) else None

    def manifests(self) -> list[Manifest]:
        """Everything that landed, in path order."""
        found = sorted(path for path in self._files() if path.endswith(f"/{MANIFEST}"))
        return [msgspec.json.decode(self.fs.cat_file(path), type=Manifest) for path in found]

    def at(self, where: str) -> Manifest | None:
        """What a slice's folder says of itself, None when it is not here."""
        path = self.path(where, MANIFEST)
        return msgspec.json.decode(self.fs.cat_file(path), type=Manifest) if self.fs.exists(path) else None

    def page(self, manifest: Manifest, page_no: int) -> bytes:
        """The vendor's answer, as received. Raises DataError when the file was changed since."""
        packed = self._verified(manifest, page_name(page_no))
        with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
            body: bytes = stream.read()
        return body

    def raw(self, where: str, page_no: int) -> bytes:
        """A page by its slice's folder, as `page`. Raises ConfigError when that slice or page is not here."""
        manifest = self.at(where)
        if manifest is None:
            raise ConfigError(f"{where} is not in landing", fix="it has expired, or store.landing was moved")
        if not 1 <= page_no <= manifest.pages:
            raise ConfigError(f"that slice has {manifest.pages} pages", fix=f"--page 1 to {manifest.pages}")
        return self.page(manifest, page_no)

    def parquet(self, manifest: Manifest, table: str) -> Path:
        """A local file with the canonical rows of a table, or `quarantine`; copied here from a remote zone.

        Raises DataError when the file is not the one that the manifest names.
        """
        name = f"{table}.parquet"
        if self.local:
            file = Path(self.path(manifest.folder, name))
            with file.open("rb") as stream:
                _match(manifest, name, hashlib.file_digest(stream, "sha256").hexdigest())
            return file
        if self._copies is None:
            self._copies = Path(tempfile.mkdtemp(prefix="landing-"))
            weakref.finalize(self, shutil.rmtree, self._copies, ignore_errors=True)
        copy = self._copies / f"{manifest.slice_id}-{name}"
        copy.write_bytes(self._verified(manifest, name))
        return copy

    def create(self, where: str, name: str) -> Sink:
        """Open a new file of a slice for writing."""
        path = self.path(where, name)
        if not self.local:
            return Sink(self.fs.open(path, "wb"))
        self._make(Path(path).parent)
        return Sink(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"))

    def write(self, where: str, name: str, data: bytes) -> str:
        """Write a whole file; its digest."""
        sink = self.create(where, name)
        sink.write(data)
        sink.close()
        return sink.sha256

    def seal(self, manifest: Manifest) -> None:
        """The manifest, last and at once: after this the slice has landed."""
        data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        if not self.local:
            self.fs.pipe_file(self.path(manifest.folder, MANIFEST), data)
            return
        self.write(manifest.folder, MANIFEST + ".part", data)
        self.rename(manifest.folder, MANIFEST + ".part", MANIFEST)

    def rename(self, where: str, old: str, new: str) -> None:
        """Replace a file of a slice by another, atomically on a local disk."""
        if not self.local:
            self.fs.mv(self.path(where, old), self.path(where, new))
            return
        target = Path(self.path(where, new))
        Path(self.path(where, old)).replace(target)
        handle = os.open(target.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)

    def clear(self, where: str) -> None:
        """Remove a slice's folder, if it is there."""
        if self.fs.exists(self.path(where)):
            self.fs.rm(self.path(where), recursive=True)

    def sweep(self, keep: Collection[str] = ()) -> int:
        """Remove the folders that never got their manifest, but for slice ids in `keep`; how many."""
        files = self._files()
        sealed = {str(PurePosixPath(path).parent) for path in files if path.endswith(f"/{MANIFEST}")}
        orphans = {str(PurePosixPath(path).parent) for path in files} - sealed
        doomed = [path for path in orphans if PurePosixPath(path).name not in keep]
        for path in doomed:
            self.fs.rm(path, recursive=True)
        return len(doomed)

    def expire(self, before: str) -> int:
        """Remove the slices read before an instant (isoformat, UTC); how many. Raw payloads have a retention."""
        doomed = [manifest for manifest in self.manifests() if manifest.as_of < before]
        for manifest in doomed:
            self.clear(manifest.folder)
        return len(doomed)

    def path(self, *parts: str) -> str:
        """A path of the zone's file system."""
        return "/".join([self.root.rstrip("/"), *parts])

    def _files(self) -> list[str]:
        return list(self.fs.find(self.root)) if self.fs.exists(self.root) else []

    def _verified(self, manifest: Manifest, name: str) -> bytes:
        data: bytes = self.fs.cat_file(self.path(manifest.folder, name))
        _match(manifest, name, hashlib.sha256(data).hexdigest())
        return data

    def _make(self, place: Path) -> None:
        missing = [path for path in (place, *place.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
