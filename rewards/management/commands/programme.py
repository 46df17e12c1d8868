"""`manage.py programme check|diff|apply|export|rollback|versions|schema`: the programme as a file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty import policies
from loyalty.models import Programme
from members import recount
from rewards import programme_file
from rewards.programme_file import ProgrammeRefused

ACTOR = "system:programme"
UNUSABLE = 2  # exit code where the command line or a file is the trouble; 1: the programme has errors


class Command(BaseCommand):
    """Exit code 0: done, warnings or not; 1: the programme has errors, nothing was changed; 2: it could not be read."""

    help = "The programme as a file: check, diff, apply, export, rollback, versions, schema."

    def add_arguments(self, parser: CommandParser) -> None:
        """One word says what to do."""
        does = parser.add_subparsers(dest="does", required=True, metavar="WHAT")

        def add(name: str, help_: str, *, file: bool = False, as_json: bool = False) -> argparse.ArgumentParser:
            sub = does.add_parser(name, help=help_)
            if file:
                sub.add_argument("file", metavar="FILE", help="a YAML file, - for standard input")
            if as_json:
                sub.add_argument("--json", action="store_true", help="as JSON, for programs")
            return sub

        add("check", "name every error with its line, column, place and mend", file=True, as_json=True)
        add("diff", "what applying it would change, and who would change level", file=True, as_json=True)
        apply = add("apply", "put it in force, whole or not at all; prints the version number", file=True)
        apply.add_argument("--from", dest="start", type=_time, help="begin then: 2026-12-01T00:00:00+09:00")
        export = add("export", "write the programme out: as it was applied, or canonical after an edit")
        export.add_argument("--version", dest="number", type=int, help="default: the newest")
        export.add_argument("file", metavar="FILE", nargs="?", help="default: standard output")
        rollback = add("rollback", "make an old version the next one; prints the version number")
        rollback.add_argument("number", type=int, metavar="N")
        add("versions", "who applied what, when, and which one is in force", as_json=True)
        add("schema", "print the JSON Schema of the file")

    def handle(self, *_args: Any, **options: Any) -> None:
        """One call each."""
        does: dict[str, Callable[[dict[str, Any]], None]] = {
            "check": self._check,
            "diff": self._diff,
            "apply": self._apply,
            "export": self._export,
            "rollback": self._rollback,
            "versions": self._versions,
            "schema": self._schema,
        }
        try:
            does[options["does"]](options)
        except ProgrammeRefused as refused:
            for problem in refused.problems:
                self.stderr.write(problem.sentence(str(options.get("file") or "")), self.style.NOTICE)
            raise CommandError("Nothing was changed.") from None
        except Programme.DoesNotExist:
            raise CommandError(f"There is no version {options['number']}.", returncode=UNUSABLE) from None

    def _check(self, options: dict[str, Any]) -> None:
        try:
            problems = programme_file.check(_read(options["file"]))
        except ProgrammeRefused as refused:  # not even text
            problems = refused.problems
        wrong = sum(problem.severity == "error" for problem in problems)
        if options["json"]:
            body = {
                "errors": wrong,
                "warnings": len(problems) - wrong,
                "problems": [problem.body() for problem in problems],
            }
            self.stdout.write(json.dumps(body, ensure_ascii=False))
        else:
            for problem in problems:
                self.stdout.write(problem.sentence(options["file"]))
            self.stdout.write(
                f"{options['file']}: {_count(wrong, 'error')}, {_count(len(problems) - wrong, 'warning')}"
            )
        if wrong:
            sys.exit(1)

    def _diff(self, options: dict[str, Any]) -> None:
        document = self._sound(options["file"])
        newest = Programme.objects.order_by("version").last()
        changes = programme_file.compare(newest.document if newest else policies.EMPTY, document)
        moves = recount.movements(policies.parse(document))
        if options["json"]:
            body = {
                "against": newest.version if newest else 0,
                "changes": [change.body() for change in changes],
                "tiers": [vars(move) for move in moves],
            }
            self.stdout.write(json.dumps(body, ensure_ascii=False))
            return
        for change in changes:
            self.stdout.write(str(change))
        if not changes:
            self.stdout.write("Nothing would change.")
        for move in moves:
            before, after = move.before or "no level", move.after or "no level"
            self.stdout.write(f"tiers {move.group}: {_count(move.members, 'member')} from {before} to {after}")

    def _sound(self, file: str) -> dict[str, Any]:
        """The document of a file; raises ProgrammeRefused where it has errors."""
        text = _read(file)
        problems = programme_file.check(text)
        if any(problem.severity == "error" for problem in problems):
            raise ProgrammeRefused(problems)
        return programme_file.read(text).document

    def _apply(self, options: dict[str, Any]) -> None:
        applied = programme_file.apply(text=_read(options["file"]), actor=ACTOR, valid_from=options["start"])
        self.stdout.write(str(applied.version))

    def _export(self, options: dict[str, Any]) -> None:
        text = programme_file.export(options["number"])
        if options["file"] and options["file"] != "-":
            Path(options["file"]).write_bytes(text.encode())
        else:
            self.stdout.write(text, ending="")

    def _rollback(self, options: dict[str, Any]) -> None:
        self.stdout.write(str(programme_file.rollback(version=options["number"], actor=ACTOR).version))

    def _versions(self, options: dict[str, Any]) -> None:
        current = policies.current().version
        rows = [
            {
                "version": row.version,
                "valid_from": row.valid_from.isoformat(),
                "applied_at": row.applied_at.isoformat(),
                "actor": row.actor,
                "in_force": row.version == current,
            }
            for row in Programme.objects.defer("document", "text").order_by("version")
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            mark = "*" if row["in_force"] else " "
            self.stdout.write(f"{mark} {row['version']:>4}  from {row['valid_from']}  {row['actor']}")

    def _schema(self, _options: dict[str, Any]) -> None:
        self.stdout.write(programme_file.schema_text(), ending="")


def _read(file: str) -> str:
    """The text of a file, as bytes say it. Raises ProgrammeRefused, CommandError."""
    try:
        data = sys.stdin.buffer.read(_MOST) if file == "-" else _bytes(Path(file))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=UNUSABLE) from None
    return programme_file.decode(data)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(_MOST)  # a byte more than is allowed is enough to refuse it


_MOST = programme_file.MOST_BYTES + 1


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} is not a time with its offset, such as 2026-12-01T00:00:00+09:00")
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
