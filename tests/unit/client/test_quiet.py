"""Refusals have none of the frames that they have passed in vaurien; anything else keeps them."""
import traceback

import pytest

from vaurien.client.quiet import block, is_refusal
from vaurien.errors import VaurienError


@block
def refusing(when, error):
    if when == 'begin':
        raise error
    yield 1
    if when == 'end':
        raise error


@pytest.mark.parametrize('when', ['begin', 'end'])
@pytest.mark.parametrize('error, files', [(VaurienError('no'), ['quiet.py', 'test_quiet.py']),
                                              (KeyError('bug'), ['contextlib.py', 'quiet.py', 'test_quiet.py'])], ids=repr)
def test_only_a_bug_shows_the_way_through_contextlib(when, error, files):
    with pytest.raises(type(error)) as caught, refusing(when, error):
        pass
    assert caught.value is error
    assert sorted({frame.filename.rpartition('/')[2] for frame in traceback.extract_tb(caught.tb)}) == files
    assert is_refusal(caught) == isinstance(error, VaurienError)


def test_what_the_body_raises_keeps_its_frames():
    def body():
        raise VaurienError('mine')
    with pytest.raises(VaurienError) as caught, refusing('never', VaurienError()):
        body()
    assert traceback.extract_tb(caught.tb)[-1].name == 'body'
