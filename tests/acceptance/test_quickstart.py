"""Every command of docs/quickstart.md is run in its order, and what the page shows as the answer is what comes."""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "quickstart.md").read_text(encoding="utf-8")
START = "make run\n"
TAIL = ".venv/bin/datafly tail\n"
POSTS = re.compile(r"-X POST|\s-d\s")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    return [(found[1], found[2]) for found in FENCE.finditer(PAGE)]


def steps() -> list[tuple[str, str | None, str]]:
    """(commands, language of what is shown after them, what is shown)."""
    told = blocks()
    found = []
    for (language, text), (shown_as, shown) in zip(told, [*told[1:], ("", "")], strict=True):
        if language == "sh":
            found.append((text, shown_as if shown_as in ("json", "text") else None, shown))
    return found


class Shell:
    """One terminal: what a block sets, the next one has."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            ["sh"], env=environment, cwd=folder, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )

    def run(self, commands: str) -> str:
        """What it printed. Fails where the last command does."""
        mark = f"done-{uuid.uuid4()}"
        self.process.stdin.write(f"{commands}printf '\\n{mark} %s\\n' \"$?\"\n")
        self.process.stdin.flush()
        printed = ""
        for line in self.process.stdout:
            if line.startswith(mark):
                assert line.split()[1] == "0", f"{commands}\n{printed}"
                return printed
            printed += line
        pytest.fail(f"the shell ended at {commands}\n{printed}")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def differs(shown: Any, got: Any, place: str = "$") -> str | None:
    """Where what the page shows is not in what came; objects may have more fields than are shown."""
    if isinstance(shown, dict) and isinstance(got, dict):
        absent = [f"{place}.{name} is absent" for name in shown if name not in got]
        inner = [differs(value, got[name], f"{place}.{name}") for name, value in shown.items() if name in got]
    elif isinstance(shown, list) and isinstance(got, list):
        absent = [] if len(shown) == len(got) else [f"{place} has {len(got)} and not {len(shown)} elements"]
        inner = [differs(one, other, f"{place}[{at}]") for at, (one, other) in enumerate(zip(shown, got, strict=False))]
    else:
        return None if shown == got else f"{place} is {got!r} and not {shown!r}"
    return next((one for one in [*absent, *inner] if one), None)


def pattern(line: str) -> re.Pattern[str]:
    """A line as shown, at another time and with another duration."""
    parts = re.split(r"(\d\d:\d\d:\d\d|\d+ ms)", line)
    return re.compile(
        "".join(re.sub(r"\d+", r"\\d+", one) if at % 2 else re.escape(one) for at, one in enumerate(parts))
    )


@pytest.fixture
def newcomer(new_signal):
    """A Signal that is started by the page, and its folder as the page knows it."""
    demo = new_signal(start=False)
    tools = demo.folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name, words in (("python", ""), ("datafly", "-m datafly ")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
        (tools / name).chmod(0o755)
    return demo


def moved(text: str, demo) -> str:
    """The page with the ports of this run."""
    for port, other in zip(("8080", "8084", "8090"), demo.ports, strict=True):
        text = re.sub(rf"(localhost|127\.0\.0\.1):{port}\b", rf"\1:{other}", text)
    return text


def test_the_page_does_what_it_says(newcomer):
    shell = Shell(newcomer.environment, newcomer.folder)
    tail = newcomer.folder / "tail.txt"
    following = None
    for told, shown_as, answer in steps():
        commands, shown = moved(told, newcomer), moved(answer, newcomer)
        if told == START:
            if newcomer.process:
                status, _ = newcomer.interrupt()
                assert status == 0
            newcomer.start()
        elif told == TAIL:
            following = follow(newcomer, tail)
        elif shown_as == "json":
            answers(newcomer, shell, commands, json.loads(shown))
        else:
            printed = shell.run(commands)
            if shown_as == "text":
                newcomer.until(lambda shown=shown: shows(tail, shown), "the terminal shows it", tail.read_text)
            elif POSTS.search(commands) and "$(" not in commands:
                assert re.fullmatch(r'({"success": true}\s*)+', printed), printed
    shell.close()
    end(following)


def answers(demo, shell: Shell, commands: str, shown: Any) -> None:
    """A command that only looks may be repeated until what was sent is through."""
    last = ""

    def look() -> bool:
        nonlocal last
        printed = shell.run(commands)
        last = differs(shown, json.loads(printed)) or ""
        return not last

    if POSTS.search(commands):
        assert look(), last
    else:
        demo.until(look, "it answers as the page shows", lambda: last)


def follow(demo, into: Path) -> subprocess.Popen:
    with into.open("wb") as out:
        process = subprocess.Popen(
            [demo.folder / ".venv/bin/datafly", "tail"], env=demo.environment, cwd=demo.folder, stdout=out, stderr=out
        )
    demo.until(lambda: "Ctrl-C ends it" in into.read_text(), "tail follows", into.read_text)
    return process


def shows(tail: Path, lines: str) -> bool:
    return all(pattern(line).search(tail.read_text()) for line in lines.splitlines())


def end(process: subprocess.Popen) -> None:
    process.send_signal(2)
    assert process.wait(60) == 0


def bold(section: str) -> list[str]:
    """What a section names in bold: the words on pages and buttons."""
    text = PAGE.split(f"\n## {section}")[1].split("\n## ")[0]
    return [part for words in re.findall(r"\*\*(.+?)\*\*", text) for part in words.split(" > ")]


@pytest.mark.parametrize(
    ("section", "room"),
    [
        ("2. Get a key", "sandbox/insider"),
        ("5. See it arrive", "sandbox/insider"),
        ("6. Buy something", "ingest/assets/shop"),
    ],
)
def test_what_is_to_be_clicked_is_called_so(section, room):
    source = Path(__file__).parents[2] / "src" / "datafly" / room
    files = [path for path in source.rglob("*") if path.suffix in (".html", ".js", ".py")]
    words = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert bold(section)
    assert [word for word in bold(section) if word not in words] == []
