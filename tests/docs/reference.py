"""What the pages of the reference say, read as Sphinx reads them but without it: generated parts are put in."""
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

from .blocks import DOCS

GENERATED = re.compile(r'^\.\. vaurien:: *(.+)$', re.MULTILINE)
#: the extension of the docs
FOLDER = DOCS / '_ext'


def extension() -> Any:
    """Import ``docs/_ext/vaurien_docs.py``."""
    name = 'vaurien_docs'
    if name not in sys.modules:
        sys.path.insert(0, str(FOLDER))
        try:
            spec = importlib.util.spec_from_file_location(name, FOLDER / f'{name}.py')
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(FOLDER))
    return sys.modules[name]


def generated(argument: str) -> str:
    """Return what stands for one directive."""
    name, *words = argument.split()
    return str(extension().PAGES[name](*words))


def page(name: str) -> str:
    """Return a page with its generated parts."""
    return GENERATED.sub(lambda found: generated(found[1]), (DOCS / f'{name}.rst').read_text('utf-8'))


def directives(path: Path) -> list[str]:
    """Return what a page has generated."""
    return GENERATED.findall(path.read_text('utf-8'))
