"""The wheel has one package, research, with configs/ and experiments/ as research/shipped/. An editable install has the checkout's."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithShipped(build_py):
    """Copies what research.config.shipped looks for."""

    def run(self) -> None:
        if self.editable_mode:
            return super().run()
        library = Path(self.build_lib) / "research"
        shutil.rmtree(library, ignore_errors=True)  # what an earlier build left
        super().run()
        for folder in ("configs", "experiments"):
            shutil.copytree(ROOT / folder, library / "shipped" / folder, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithShipped})
