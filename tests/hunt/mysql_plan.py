"""What a MySQL client says: units of messages that belong together, at random and legal. Knows no socket and no server.

A message is a word of ``mysql_wire.WRITE`` and its fields. Those of ``mysql.ALONE`` wait until all before them is answered; all
others may be said before anything is. Each unit is legal by itself, so that any of them may be left out.
"""
from collections.abc import Callable

from tests.support.servers import DATABASE

from .units import Unit, Words

CONTROL = ('BEGIN', 'BEGIN', 'COMMIT', 'COMMIT', 'ROLLBACK', 'SAVEPOINT a', 'SAVEPOINT b', 'ROLLBACK TO a', 'ROLLBACK TO b',
           'RELEASE SAVEPOINT a', 'SET autocommit = 0', 'SET autocommit = 1')
SIZES = (1, 10, 1_000)      #: rows, or repetitions of a token
#: [bytes] of a large query
LARGE = 200_000


class Planner(Words):
    """Makes the units of one session."""

    def unit(self) -> Unit:
        """Return a unit."""
        (_, make), = self.random.choices(UNITS, WEIGHTS)
        return make(self)

    # -- statements

    def text(self) -> str:
        """Return a statement."""
        token, session = self.token(), self.session
        insert = f"INSERT INTO hunt (s, v) VALUES ('{session}', '{token}')"
        made = self.random.choice((
            insert, insert, insert, f"SELECT '{token}'", f"SELECT '{token}'",
            f"SELECT v FROM hunt WHERE s = '{session}' ORDER BY id",
            f"UPDATE hunt SET v = '{token}' WHERE s = '{session}' AND v = '{self._value()}'",
            f"DELETE FROM hunt WHERE s = '{session}' AND v = '{self._value()}'",
            f"SELECT CONCAT('{token}', seq) FROM seq_1_to_{self.random.choice(SIZES)}",
            f"SELECT REPEAT('{token}', {self.random.choice((*SIZES, 20_000))})", f"DO '{token}' = 'x'",
            f"INSERT INTO hunt (s, v) VALUES ('{session}', REPEAT('{token}', {self.random.choice(SIZES)}))",
            f"CALL hunt_two('{token}')", self.wrong()))
        if made is insert:
            self._values.append(token)
        return made

    def wrong(self) -> str:
        """Return a statement that fails."""
        return self.random.choice(("SELEC '{}'", "SELECT '{}' FROM nowhere",
                                   "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{}'")).format(self.token())

    # -- units

    def query(self) -> Unit:
        return [['query', self.random.choice(CONTROL) if self.random.random() < 0.4 else self.text()]]

    def several(self) -> Unit:
        """Some statements in one text."""
        texts = [self.text() for _ in range(self.random.randint(1, 3))]
        return [['query', '; '.join(['BEGIN', *texts, 'COMMIT'] if self.random.random() < 0.3 else texts)]]

    def transaction(self) -> Unit:
        within = [self.random.choice((self.text, self.text, lambda: 'SAVEPOINT c', lambda: 'ROLLBACK TO c'))()
                  for _ in range(self.random.randint(1, 4))]
        return [['query', text] for text in ('BEGIN', *within, self.random.choice(('COMMIT', 'COMMIT', 'ROLLBACK')))]

    def prepared(self) -> Unit:
        """A statement that is prepared once and executed some times; its types are sent the first time, and perhaps again."""
        text = self.random.choice(('SELECT ?', f"INSERT INTO hunt (s, v) VALUES ('{self.session}', ?)"))
        said: Unit = [['prepare', text]]
        for number in range(self.random.randint(1, 4)):
            value = self.token()
            if number and self.random.random() < 0.3:
                said.append(['execute by id', 0, value])
            elif self.random.random() < 0.2:
                said += [['long data', value[:3]], ['long data', value[3:]], ['execute', 'tl', value]]
            else:
                said.append(['execute', 't', value])
            if self.random.random() < 0.1:
                said.append(['reset statement'])
        return said + self._closed()

    def _closed(self) -> Unit:
        return [['close']] if self.random.random() < 0.5 else []

    def plainly_prepared(self) -> Unit:
        return [['prepare', self.random.choice((self.text, self.wrong))()], ['execute', ''], *self._closed()]

    def with_cursor(self) -> Unit:
        count = self.random.choice((1, 5, 10))
        return [['prepare', f"SELECT CONCAT('{self.token()}', seq) FROM seq_1_to_10"], ['execute', 'c'],
                *[['fetch', count]] * self.random.randint(1, 2), *self.random.choice(([], [['reset statement']])),
                *self._closed()]

    def in_bulk(self) -> Unit:
        values = [self.token() for _ in range(self.random.randint(1, 5))]
        return [['prepare', f"INSERT INTO hunt (s, v) VALUES ('{self.session}', ?)"], ['bulk', 't', *values], *self._closed()]

    def loaded(self) -> Unit:
        lines = [f'{self.session}\t{self.token()}' for _ in range(self.random.randint(0, 4))]
        return [['load', f"LOAD DATA LOCAL INFILE '{self.token()}' INTO TABLE hunt (s, v)", *lines]]

    def beside(self) -> Unit:
        """What is no statement."""
        return [self.random.choice((['ping'], ['statistics'], ['use', DATABASE], ['use', f'no{self.token()}'], ['fields'],
                                    ['reset statement'], ['close']))]

    def anew(self) -> Unit:
        return [self.random.choice((['reset'], ['change user']))]

    def large(self) -> Unit:
        return [['long query', f"SELECT '{self.token()}'", LARGE]]


#: the units by their weights
UNITS: tuple[tuple[float, Callable[[Planner], Unit]], ...] = (
    (8, Planner.query), (3, Planner.several), (3, Planner.transaction), (4, Planner.prepared), (2, Planner.plainly_prepared),
    (1, Planner.with_cursor), (2, Planner.in_bulk), (1, Planner.loaded), (1, Planner.beside), (1, Planner.anew),
    (0.1, Planner.large))
WEIGHTS = [weight for weight, _ in UNITS]
