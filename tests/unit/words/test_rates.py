"""How many requests pass in how much time, on a clock that the tests tell."""
import pytest

from vaurien.words.rates import Bucket, Left, Rate, Window, check_rate, read_rate

START = 1000.1


@pytest.mark.parametrize('text, rate', [('60/1m', (60, 60)), ('60/m', (60, 60)), ('5/10s', (5, 10)), ('1/2h', (1, 7200)),
                                        ('9/30d', (9, 2592000))])
def test_a_rate_is_read(text: str, rate: tuple[int, int]) -> None:
    assert read_rate(text) == rate
    assert check_rate(text) == text


@pytest.mark.parametrize('text', ['', '60', '0/1m', '60/0m', '1/31d', '-1/1m', '1.5/1m', '60/1w', '60 / 1m', 60, None,
                                  '6' * 10 + '/1m'])
def test_what_is_no_rate_is_refused(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_rate(text)


def test_a_window_lets_so_many_pass_and_then_all_again() -> None:
    window = Window(Rate(2, 60))
    assert [window.take(START + at) for at in (0, 10, 20, 59.5)] == [
        Left(True, 2, 1, 60, 60), Left(True, 2, 0, 50, 50), Left(False, 2, 0, 40, 40), Left(False, 2, 0, 1, 1)]
    assert window.take(START + 60) == Left(True, 2, 1, 60, 60)
    assert window.take(START + 1000) == Left(True, 2, 1, 60, 60)


def test_a_bucket_fills_up_one_by_one() -> None:
    bucket = Bucket(Rate(3, 60))
    assert [bucket.take(START + at) for at in (0, 0, 0, 5)] == [
        Left(True, 3, 2, 20, 1), Left(True, 3, 1, 40, 1), Left(True, 3, 0, 60, 20), Left(False, 3, 0, 55, 15)]
    assert bucket.take(START + 19.5) == Left(False, 3, 0, 41, 1)
    assert bucket.take(START + 20) == Left(True, 3, 0, 60, 20)
    assert bucket.take(START + 1000) == Left(True, 3, 2, 20, 1)


def test_a_bucket_lets_pass_over_time_what_the_rate_says() -> None:
    bucket = Bucket(Rate(10, 60))
    passed = sum(bucket.take(START + second).passes for second in range(600))
    assert passed == 10 + 599 // 6
