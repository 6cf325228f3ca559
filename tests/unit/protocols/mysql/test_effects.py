"""What each command of MySQL does."""
from vaurien.protocols.effects.words import ADDS, END, LOGIN
from vaurien.protocols.mysql.effects import EFFECTS


def test_a_command_does_what_its_statement_does():
    assert EFFECTS.of('INSERT INTO a VALUES (1)', 'query') == EFFECTS.of('INSERT INTO a VALUES (?)', 'execute') == ADDS
    assert EFFECTS.of('COM_STMT_PREPARE INSERT INTO a VALUES (?)', 'prepare') == LOGIN
    assert EFFECTS.of('COM_QUIT', 'unanswered') == END
    assert EFFECTS.turn('SET AUTOCOMMIT = 0', 'query') == 'implicit'
    assert EFFECTS.turn('COM_STMT_PREPARE COMMIT', 'prepare') == ''


def test_a_row_that_is_there_already_refuses_another():
    assert EFFECTS.refuses('INSERT INTO a VALUES (1)', '1062', '')
    assert not EFFECTS.refuses('INSERT INTO a VALUES (1)', '1213', '')
