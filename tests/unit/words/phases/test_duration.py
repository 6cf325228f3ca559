"""Times as people write them."""
import pytest

from vaurien.errors import ConfigError
from vaurien.words.phases.duration import in_words, read_duration

READ = {'500ms': 0.5, '30s': 30, '1.5m': 90, '2h': 7200, ' 2 s ': 2, 3: 3, 0.25: 0.25, '168h': 604800}
REFUSED = ['', '30', '0s', 's', '-1s', '1d', '30 seconds', '1e3s', '169h', 0, -1, float('nan'), float('inf')]
WRITTEN = {0.05: '50 ms', 0.999: '999 ms', 1: '1 s', 90: '90 s', 150: '2.5 min', 7200: '2 h'}


@pytest.mark.parametrize('given', READ)
def test_a_time_is_read(given):
    assert read_duration(given, 'for') == pytest.approx(READ[given])


@pytest.mark.parametrize('given', REFUSED)
def test_what_is_no_time_is_refused_with_the_form(given):
    with pytest.raises(ConfigError, match='file for: .* expected a time such as 500ms'):
        read_duration(given, 'file for')


@pytest.mark.parametrize('seconds', WRITTEN)
def test_a_time_is_written_with_its_unit(seconds):
    assert in_words(seconds) == WRITTEN[seconds]
