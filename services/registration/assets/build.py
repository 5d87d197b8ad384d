"""Builds what the form's pages link to, into a folder that git ignores: `make assets`.

The packages come by `npm ci` from the lock file beside this, and nothing of them is committed. Each
file is compressed here once; all of them have one hash, which is part of their paths.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from hashlib import sha256
from pathlib import Path

import brotli

SOURCES = Path(__file__).parent
PACKAGES = SOURCES / "node_modules"
GOVUK_JS = PACKAGES / "govuk-frontend/dist/govuk/govuk-frontend.min.js"
BUILT = SOURCES.parent / "registration/form/static"

HASH_LENGTH = 16


def main() -> None:
    """Fetch, build, compress, and put the whole in the old one's place."""
    npm = _npm()
    _run(npm, "ci")
    with tempfile.TemporaryDirectory(dir=SOURCES, prefix=".making-") as making:
        made = Path(making) / BUILT.name
        made.mkdir(mode=0o755)
        _build(npm, made)
        _compress(made)
        shutil.rmtree(BUILT, ignore_errors=True)
        made.rename(BUILT)


def _npm() -> str:
    """Return the machine's npm, else that of a wheel installed beside this Python."""
    found = shutil.which("npm")
    if found is not None:
        return found
    scripts = Path(sysconfig.get_path("scripts"))
    requirements = ("--require-hashes", "--requirement", str(SOURCES / "nodejs.txt"))
    install = ("pip", "install", "--quiet", "--python", sys.executable)
    subprocess.run([scripts / "uv", *install, *requirements], check=True)
    return str(scripts / "npm")


def _build(npm: str, made: Path) -> None:
    options = ("--no-source-map", "--style=compressed", "--load-path=node_modules")
    _run(npm, "exec", "--", "sass", *options, "styles.scss", str(made / "styles.css"))
    script = GOVUK_JS.read_text(encoding="utf-8")
    # Its map of sources is not served, so it is not named either.
    (made / GOVUK_JS.name).write_text(script.partition("//# sourceMappingURL")[0], encoding="utf-8")
    shutil.copy(SOURCES / "form.js", made)
    shutil.copy(SOURCES / "favicon.svg", made)


def _compress(made: Path) -> None:
    files = {file.name: file.read_bytes() for file in sorted(made.iterdir())}
    for name, content in files.items():
        (made / f"{name}.br").write_bytes(brotli.compress(content))
        (made / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    everything = b"".join(name.encode() + content for name, content in files.items())
    built = {"hash": sha256(everything).hexdigest()[:HASH_LENGTH], "files": list(files)}
    (made / "built.json").write_text(json.dumps(built) + "\n", encoding="utf-8")


def _run(npm: str, *arguments: str) -> None:
    """Run npm here; what it says is shown only when it fails."""
    node = {"PATH": f"{Path(npm).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    result = subprocess.run(
        [npm, *arguments],
        cwd=SOURCES,
        env={**os.environ, **node},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if result.returncode:
        sys.exit(f"npm {arguments[0]} failed:\n{result.stdout.decode(errors='replace')}")


if __name__ == "__main__":
    main()
