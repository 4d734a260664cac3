"""Where files lie: addresses, patterns, and the proof that a file stood still while it was read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec

from crosscheck.errors import DataError, Skippable


@dataclass(frozen=True)
class Fingerprint:
    """What a file was at one moment."""

    size: int
    changed_at: str
    sha256: str


@dataclass(frozen=True)
class Folder:
    """A root on any fsspec file system, below which streams name files and patterns."""

    root: str

    @classmethod
    def of(cls, address: str, home: Path) -> Folder:
        """The folder of a configured path: absolute, relative to the configuration, or an address."""
        return cls(address if "://" in address else str((home / address).resolve()))

    def find(self, pattern: str) -> list[str]:
        """The files of a pattern in order of name, as paths of the file system. Raises Skippable when none is there."""
        system, root = self._system()
        if system.isfile(root):
            return [root]
        address = f"{root.rstrip('/')}/{pattern}" if pattern else root
        # A folder's own name may hold the characters of a pattern, so a file that exists is taken by its name.
        found = [address] if system.isfile(address) else sorted(str(hit) for hit in system.glob(address))
        if not found:
            raise Skippable(f"no file {pattern!r} where the source looks for it",
                            fix="deliver it, or check options.path")
        return found

    @contextmanager
    def open(self, path: str) -> Iterator[tuple[IO[bytes], Fingerprint]]:
        """The file for reading, and what it was before. Raises DataError when it is another one afterwards."""
        system, _ = self._system()
        before = self._fingerprint(system, path)
        with system.open(path, "rb") as file:
            yield file, before
        if self._fingerprint(system, path) != before:
            raise DataError(f"{name(path)} changed while it was read",
                            fix="write it under another name, then rename it")

    def _system(self) -> tuple[Any, str]:
        system, root = fsspec.core.url_to_fs(self.root)
        return system, str(root)

    @staticmethod
    def _fingerprint(system: Any, path: str) -> Fingerprint:
        try:
            system.invalidate_cache()
            info = system.info(path)
            digest = hashlib.sha256()
            with system.open(path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except FileNotFoundError:
            raise DataError(f"{name(path)} vanished while it was read", fix="deliver it again") from None
        changed = info.get("mtime") or info.get("LastModified") or info.get("updated") or ""
        return Fingerprint(int(info.get("size") or 0), str(changed), digest.hexdigest())


def name(path: str) -> str:
    """The last part of a path: what messages and evidence call the file."""
    return path.rstrip("/").rpartition("/")[2]
