"""`datafly doctor`: what the checks find, a line each, and what to do."""

import sys
from typing import Final

import msgspec
import typer

from datafly.cli.line import plain
from datafly.runtime.checkup.examining import examine, worst
from datafly.runtime.checkup.finding import Finding, Ground, Level
from datafly.settings import Settings

_COLOURS: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


class Told(msgspec.Struct, frozen=True):
    """`level`: the worst of them."""

    level: Level
    findings: list[Finding]


def run(settings: Settings, *, as_json: bool, vendors: bool, clock_url: str) -> bool:
    """Whether nothing has failed. Lines are printed as they are found."""
    findings = []
    for finding in examine(Ground(settings, vendors=vendors, clock_url=clock_url)):
        findings.append(finding)
        if not as_json:
            print(line(finding, colours=sys.stdout.isatty()), flush=True)
    level = worst(findings)
    if as_json:
        print(msgspec.json.encode(Told(level, findings)).decode())
    return level is not Level.FAIL


def line(finding: Finding, *, colours: bool) -> str:
    """`fail  key       Others may read it.` and the cure in a line of its own."""
    level = f"{finding.level.value:<4}"
    shown = typer.style(level, fg=_COLOURS[finding.level]) if colours else level
    cure = f"\n                → {plain(finding.cure)}" if finding.cure else ""
    return f"{shown}  {finding.check:<9} {plain(finding.sentence)}{cure}"
