"""What each request of PostgreSQL does."""
from vaurien.protocols.effects.words import ADDS, END, LOGIN
from vaurien.protocols.postgres.effects import EFFECTS


def test_a_request_does_what_its_statement_does():
    assert EFFECTS.of('INSERT INTO a VALUES (1)', 'write') == ADDS
    assert EFFECTS.of('startup a', 'startup') == LOGIN
    assert EFFECTS.of('Terminate', 'end') == END
    assert EFFECTS.turn('BEGIN', 'control') == 'begin'


def test_a_row_that_is_there_already_refuses_another():
    assert EFFECTS.refuses('INSERT INTO a VALUES (1)', '23505', '')
    assert not EFFECTS.refuses('INSERT INTO a VALUES (1)', '40001', '')
