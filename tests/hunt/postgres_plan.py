"""What a PostgreSQL client says: units of messages that belong together, at random and legal. Knows no socket and no server.

A message is its code and its fields. A unit may begin with a word that says how it is said, see ``postgres.Client``: ``mixed``,
``libpq``, ``cancelled``. Each unit is legal by itself, so that any of them may be left out.
"""
from collections.abc import Callable
from random import Random

from .units import Unit, Words

CONTROL = ('BEGIN', 'BEGIN', 'COMMIT', 'COMMIT', 'ROLLBACK', 'SAVEPOINT a', 'SAVEPOINT b', 'ROLLBACK TO a', 'ROLLBACK TO b',
           'RELEASE a')
SIZES = (1, 10, 1_000, 20_000)      #: rows, or repetitions of a token


class Planner(Words):
    """Makes the units of one session."""

    def __init__(self, random: Random, session: str) -> None:
        super().__init__(random, session)
        self.lost_count = False     # how many answers come cannot be told any more

    def unit(self) -> Unit:
        """Return a unit."""
        (_, make), = self.random.choices(UNITS, WEIGHTS)
        if self.lost_count and make in (Planner.cancelled, Planner.copy_as_libpq):
            make = Planner.simple
        return make(self)

    # -- statements

    def text(self, parameter: bool = False) -> str:
        """Return a statement; with a parameter where that is wanted."""
        token, session = self.token(), self.session
        if parameter:
            return self.random.choice(('SELECT $1::text', f"INSERT INTO hunt (s, v) VALUES ('{session}', $1)"))
        insert = f"INSERT INTO hunt (s, v) VALUES ('{session}', '{token}')"
        made = self.random.choice((
            insert, insert, insert, insert + ' RETURNING v', f"SELECT '{token}'", f"SELECT '{token}'",
            f"SELECT v FROM hunt WHERE s = '{session}' ORDER BY id",
            f"UPDATE hunt SET v = '{token}' WHERE s = '{session}' AND v = '{self._value()}'",
            f"DELETE FROM hunt WHERE s = '{session}' AND v = '{self._value()}'",
            f"SELECT '{token}' || g FROM generate_series(1, {self.random.choice(SIZES[:3])}) g",
            f"SELECT repeat('{token}', {self.random.choice(SIZES)})", 'SET extra_float_digits = 1',
            f"DO $$BEGIN RAISE NOTICE '{token}'; END$$", self.wrong()))
        if made.startswith('INSERT'):
            self._values.append(token)
        return made

    def wrong(self) -> str:
        """Return a statement that fails when it is parsed, when it is understood, or when it runs."""
        form = self.random.choice(("SELEC '{}'", "SELECT '{}' FROM nowhere", "SELECT '{}'::int",
                                   "SELECT '{}', 1 / (random() * 0)::int"))
        return form.format(self.token())

    def control(self) -> str:
        """Return a statement about transactions."""
        return self.random.choice(CONTROL)

    # -- units

    def simple(self) -> Unit:
        return [['Q', self.control() if self.random.random() < 0.4 else self.text()]]

    def common(self) -> Unit:
        """Return what a library says: a Query, a statement with a parameter, or a COPY."""
        dice = self.random.random()
        if dice < 0.6:
            return self.simple()
        if dice < 0.9:
            return [['P', '', self.text(True)], ['B', '', '', self.token()], ['D', 'P', ''], ['E', '', 0], ['S']]
        lines: Unit = [['d', f'{self.session}\t{self.token()}'] for _ in range(self.random.randint(1, 4))]
        return [['Q', 'COPY hunt (s, v) FROM STDIN'], *lines, ['c']]

    def several(self) -> Unit:
        """A Query of more than one statement, or of none."""
        texts = [found for found in (self.text() for _ in range(self.random.randint(0, 3))) if not found.startswith('DO')]
        if self.random.random() < 0.4:
            texts = ['BEGIN', *texts, *self.random.choice(([], ['COMMIT']))]
        return [['Q', '; '.join(texts)]]

    def transaction(self) -> Unit:
        """A transaction from its beginning to its end."""
        within = [self.random.choice((self.text, self.text, lambda: 'SAVEPOINT c', lambda: 'ROLLBACK TO c'))()
                  for _ in range(self.random.randint(1, 4))]
        messages: Unit = []
        for text in ('BEGIN', *within, self.random.choice(('COMMIT', 'COMMIT', 'ROLLBACK'))):
            messages += [['Q', text]] if self.random.random() < 0.5 else [*self._steps(text), ['S']]
        return messages

    def _steps(self, text: str) -> Unit:
        """The steps of one statement, without a Sync; control has the unnamed portal, whose end does not matter."""
        name = self.random.choice(('', '', f's{self.token()}'))
        portal = self.random.choice(('', f'p{self.token()}')) if text[:6] in ('SELECT', 'INSERT') else ''
        values = [self.token()] if '$1' in text else []
        describe = self.random.choice(([], [['D', 'P', portal]], [['D', 'S', name]]))
        at = ['B', portal, name, *values]
        steps = [['P', name, text], *([at, *describe] if not describe or describe[0][1] == 'P' else [*describe, at])]
        most = self.random.choice((0, 0, 1, 3)) if text.startswith('SELECT') and ' || g' in text else 0
        steps += [['E', portal, most]] * (1 if not most else self.random.randint(1, 3))
        if name and self.random.random() < 0.5:
            steps.append(['C', 'S', name])
        return self._flushed(steps)

    def _flushed(self, steps: Unit) -> Unit:
        flushed: Unit = []
        for step in steps:
            flushed.append(step)
            if self.random.random() < 0.1:
                flushed.append(['H'])
        return flushed

    def group(self) -> Unit:
        """Some statements before one Sync: they are one transaction, and after one that fails all are skipped."""
        messages: Unit = []
        for _ in range(self.random.randint(1, 4)):
            messages += self._steps(self.text(self.random.random() < 0.3) if self.random.random() < 0.85 else self.control())
        if self.random.random() < 0.1:
            messages.append(self.random.choice((['B', '', f'no{self.token()}'], ['E', f'no{self.token()}', 0],
                                                ['D', 'S', f'no{self.token()}'], ['C', 'P', f'no{self.token()}'])))
        return [*messages, *[['S']] * self.random.choice((1, 1, 1, 2))]

    def mixed(self) -> Unit:
        """A Query in the middle of a group; nothing waits for it, since it may be skipped."""
        self.lost_count = True
        return [['mixed'], *self._steps(self.text()), ['Q', self.text()], *self._steps(self.text()), ['S']]

    def again(self) -> Unit:
        """A statement that is prepared once and executed some times, with errors of its own among them."""
        name, text = f's{self.token()}', self.text(True)
        runs: Unit = [['P', name, text], *self.random.choice(([], [['S']], [['H']]))]
        for _ in range(self.random.randint(1, 4)):
            runs += [['B', '', name, self.token()], ['E', '', 0], *self.random.choice(([], [['S']]))]
            if self.random.random() < 0.1:
                runs.append(['P', name, text])      # there is one of this name
        return [*self._flushed(runs), ['S']]

    def _lines(self) -> Unit:
        lines: Unit = [['d', f'{self.session}\t{self.token()}'] for _ in range(self.random.randint(0, 4))]
        if self.random.random() < 0.15:
            lines.append(['d', 'no column'])
        return lines

    def copy_in(self) -> Unit:
        end = ['f', 'no more'] if self.random.random() < 0.15 else ['c']
        text = 'COPY hunt (s, v) FROM STDIN'
        if self.random.random() < 0.6:
            return [['Q', text], *self._lines(), end]
        return [['P', '', text], ['B', '', ''], ['E', '', 0], *self._lines(), end, ['S']]

    def copy_as_libpq(self) -> Unit:
        """A Sync that has no effect while the server reads data, and one after them; neither data nor that one after an error."""
        return [['libpq'], ['P', '', 'COPY hunt (s, v) FROM STDIN'], ['B', '', ''], ['E', '', 0], ['S'], *self._lines(), ['c'],
                ['S']]

    def copy_out(self) -> Unit:
        text = f"COPY (SELECT '{self.token()}' || g FROM generate_series(1, {self.random.choice(SIZES[:3])}) g) TO STDOUT"
        return [['Q', text]] if self.random.random() < 0.5 else [*self._steps(text), ['S']]

    def cancelled(self) -> Unit:
        return [['cancelled'], ['Q', f"SELECT '{self.token()}', pg_sleep(60), 3"]]


#: the units by their weights
UNITS: tuple[tuple[int, Callable[[Planner], Unit]], ...] = (
    (8, Planner.simple), (2, Planner.several), (3, Planner.transaction), (6, Planner.group), (1, Planner.mixed),
    (2, Planner.again), (2, Planner.copy_in), (1, Planner.copy_as_libpq), (1, Planner.copy_out), (1, Planner.cancelled))
WEIGHTS = [weight for weight, _ in UNITS]
