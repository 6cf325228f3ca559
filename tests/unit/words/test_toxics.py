"""Toxics as they are written, where it is not known which there are."""
import pytest

from vaurien.errors import ConfigError
from vaurien.spec import ToxicSpec
from vaurien.words.toxics import unchecked_toxic


def test_a_toxic_that_is_not_known_here_is_read_with_its_values_as_texts():
    assert unchecked_toxic('ours@upstream~0.5:a=1,b=x', 'toxics') == ToxicSpec(
        type='ours', stream='upstream', toxicity=0.5, attributes={'a': '1', 'b': 'x'})
    assert unchecked_toxic('ours', 'toxics') == ToxicSpec(type='ours')


@pytest.mark.parametrize('text, said', [
    ('@upstream', "toxics: '@upstream' is not valid, expected NAME"), ('ours:a', "toxics: 'ours:a' is not valid"),
    ('ours:a=1,a=2', "toxics: 'ours:a=1,a=2' is not valid"), ('ours@up', "toxics stream: 'up' is not valid"),
    ('ours~2', "toxics toxicity: '2' is not valid"),
])
def test_what_is_no_toxic_is_refused(text, said):
    with pytest.raises(ConfigError) as refused:
        unchecked_toxic(text, 'toxics')
    assert str(refused.value).startswith(said)
