"""`python -m api.compatibility docs/releases CHANGELOG.md`: the check before a change goes in."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from api.compatibility import asyncapi, openapi

Documents = tuple[dict[str, Any], dict[str, Any]]


def documents_of_today() -> Documents:
    from api.app import documents

    made = documents(planned=False)
    return json.loads(made.openapi), json.loads(made.asyncapi)


def main(
    arguments: Sequence[str] | None = None,
    present: Callable[[], Documents] = documents_of_today,
) -> int:
    """0: clients of the newest release can live with today, or have been told; 1: they can't."""
    parser = argparse.ArgumentParser(
        prog="python -m api.compatibility",
        description="Compare the documents with the newest release's.",
    )
    parser.add_argument("releases", type=Path, help="the folder that holds one folder a release")
    parser.add_argument("changelog", type=Path, help="whose Unreleased part names what breaks")
    chosen = parser.parse_args(arguments)
    release = newest_release(chosen.releases)
    if release is None:
        _say(f"{chosen.releases} holds no release yet: there is nothing to be compatible with.")
        return 0
    told = unreleased_part(chosen.changelog.read_text("utf-8"))
    untold = [line for line in changes_since(release, *present()) if not mentions(told, line)]
    if not untold:
        _say(f"Clients of {release.name} can live with this, or have been told.")
        return 0
    _say(f"This breaks clients of {release.name}. Undo it, or write each line into the Unreleased")
    _say(f"part of {chosen.changelog}:")
    for line in untold:
        _say(f"  {line}")
    return 1


def newest_release(folder: Path) -> Path | None:
    releases = [path for path in folder.glob("*/") if (path / "openapi.json").is_file()]
    return max(releases, key=_version, default=None)


def changes_since(
    release: Path, present_openapi: dict[str, Any], present_asyncapi: dict[str, Any]
) -> list[str]:
    return [
        *openapi.breaking_changes(_read(release / "openapi.json"), present_openapi),
        *asyncapi.breaking_changes(_read(release / "asyncapi.json"), present_asyncapi),
    ]


def unreleased_part(changelog: str) -> str:
    """What stands between the heading Unreleased and the next one, in one long line."""
    _, _, rest = changelog.partition("\n## Unreleased")
    return " ".join(rest.partition("\n## ")[0].split())


def mentions(text: str, line: str) -> bool:
    """The whole line, and not the beginning of another: 1 is no mention of 10."""
    return re.search(rf"{re.escape(line)}(?!\w)", text) is not None


def _version(release: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in release.name.split("."))


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
