"""Mutation testing of matching and the rules: is there a test for every thing that they do?

    python tests/mutation/mutants.py

mutmut changes one thing at a time and runs the unit tests of both, in `var/mutants`. Ends with 1 if
fewer than 80% of the changes are noticed, or if one survives that is not explained here.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WORK = ROOT / "var/mutants"
PACKAGE = ROOT / "services/verification/verification"
TESTS = ("deciding", "matching", "name_pairs", "rules", "standardising")
PROCESSES = "2"
KILLED_SHARE_MIN = 0.80

# What survives, by the line that it changes into, and why no test can tell.
EXPLAINED = {
    'facts = {**levels.model_dump(by_alias=True), ABSENCE: nino_absence or "XXXX"}': (
        "no rule asks for the absence of an absence, so that any other word does as well"
    ),
    "return rule_sets()[+1]": "of two rule sets the second is the last one",
}


def prepare() -> None:
    """Lay the package and its tests where mutmut looks for them."""
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(
        PACKAGE, WORK / "src/verification", ignore=shutil.ignore_patterns("__pycache__")
    )
    (WORK / "tests").mkdir()
    for file in ("name_pairs.csv", *(f"test_{subject}.py" for subject in TESTS)):
        shutil.copy(ROOT / "tests/unit" / file, WORK / "tests")
    shutil.copy(Path(__file__).with_name("mutmut.toml"), WORK / "pyproject.toml")


def mutmut(*arguments: str) -> str:
    """Run mutmut there and return what it says."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run(
        command, cwd=WORK, env=environment, check=False, capture_output=True, text=True
    )
    if ran.returncode:
        sys.exit(f"mutmut {arguments[0]} failed:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")
    return ran.stdout


def statuses() -> dict[str, str]:
    """What became of each mutant: killed, survived, timeout and so on."""
    return dict(re.findall(r"^\s+(\S+): (.+)$", mutmut("results", "--all", "true"), re.M))


def changed_into(mutant: str) -> str:
    """The line that a mutant has in place of ours."""
    lines = mutmut("show", mutant).splitlines()
    return " ".join(line[1:].strip() for line in lines if re.match(r"\+(?!\+\+)", line))


def main() -> int:
    prepare()
    mutmut("run", "--max-children", PROCESSES)
    found = statuses()
    alive = {m: changed_into(m) for m, status in found.items() if status != "killed"}
    unexplained = {m: line for m, line in alive.items() if line not in EXPLAINED}
    for mutant, line in alive.items():
        print(f"{found[mutant]:9} {mutant}\n          {line}")
        print(f"          {EXPLAINED.get(line, 'NOT EXPLAINED')}")
    share = 1 - len(alive) / len(found)
    print(f"{len(found)} mutants, {share:.1%} killed, {len(unexplained)} not explained")
    return 0 if share >= KILLED_SHARE_MIN and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
