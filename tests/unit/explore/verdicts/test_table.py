"""Each verdict is explained on the page about them, with an application that gets it."""
from pathlib import Path

import pytest

from vaurien.explore.verdicts.table import VERDICTS

PAGE = (Path(__file__).parents[4] / 'docs' / 'explanation' / 'verdicts.rst').read_text('utf-8')


@pytest.mark.parametrize('name', VERDICTS)
def test_a_verdict_has_a_section_with_an_application(name):
    _, heading, section = PAGE.partition(f'\n{name}\n{"-" * len(name)}\n')
    assert heading
    assert ('literalinclude' in section.partition('\n---')[0]) or 'code-block' in section
