"""What of a command can be completed, as data, and what the scripts of all shells are written with. Knows no shell's words."""
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

READ = """\
        if [ "$skip" ]; then
            if [ "$skip" = --protocol ]; then protocol="$word"; fi
            skip=
            continue
        fi
        case "$word" in
            (--protocol=*) protocol="${word#*=}" ;;@BESIDE@
            (@VALUED@) skip="$word" ;;
            (-*) ;;
            (*) case "$command:$word" in (@EITHER@) command="$base$word" ;; (*) place=$((place + 1)) ;; esac ;;
        esac"""
#: the flag that there are other commands with; it may also stand after the command
BESIDE = """
            (@FLAG@|@FLAG@=*)
                base=@ROOT@-
                if [ "$command" = @PROGRAM@ ]; then command=@ROOT@; else command="@ROOT@-$command"; fi
                case "$word" in (*=*) ;; (*) skip="$word" ;; esac ;;"""


class Takes(NamedTuple):
    """What stands at a place of the line.

    Args:
        words: One of these; empty: anything.
        files: The path of a file.
        mix: The words stand after each comma and each colon, as in ``20:delay,10:error``.
        by: By the value of ``--protocol``, the words that are meant in place of ``words``.
        variables: The name of an environment variable.
        asked: What the command itself is asked for words: ``PROGRAM --complete ASKED``, and then the words before.
    """

    words: tuple[str, ...] = ()
    files: bool = False
    mix: bool = False
    by: Mapping[str, tuple[str, ...]] = {}
    variables: bool = False
    asked: str = ''


class Flag(NamedTuple):
    """A flag that can be completed.

    Args:
        name: ``--protocol``.
        help: What it does, in a line.
        takes: Its value; None: it has none.
    """

    name: str
    help: str
    takes: Takes | None = None


class Commands(NamedTuple):
    """All that can be completed.

    Args:
        program: How the command is called.
        flags: By the subcommand; ``program``: those without one.
        helps: The subcommands, with what they do.
        places: By the subcommand, what its words are that are no flags.
        first: Nothing stands before a subcommand.
        beside: The flag with which there are other subcommands; in ``flags`` and ``places`` their names begin with its name and a
            dash, and its name alone stands for none of them. Empty: there is no such flag.
        helps_beside: Those other ones, with what they do.
    """

    program: str
    flags: Mapping[str, tuple[Flag, ...]]
    helps: Mapping[str, str]
    places: Mapping[str, tuple[Takes, ...]]
    first: bool = False
    beside: str = ''
    helps_beside: Mapping[str, str] = {}

    def valued(self) -> list[str]:
        """Return the flags that have a value."""
        return sorted({flag.name for flags in self.flags.values() for flag in flags if flag.takes is not None})

    def values(self) -> Iterator[tuple[str, Takes]]:
        """Give what each flag takes, after its subcommand and its name."""
        for command, flags in self.flags.items():
            for flag in flags:
                if flag.takes is not None:
                    yield f'{command} {flag.name}', flag.takes

    def placed(self) -> Iterator[tuple[str, Takes]]:
        """Give what stands at each place, after its subcommand and its number from 0."""
        for command, places in self.places.items():
            for number, takes in enumerate(places):
                yield f'{command} {number}', takes

    def either(self) -> list[str]:
        """Return the words that are subcommands, each after what stands for none of them."""
        return [f'{root}:{command}' for root, helps in self.roots() for command in helps]

    def roots(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Give what stands for no subcommand, with the subcommands that there are then."""
        yield self.program, self.helps
        if self.beside:
            yield self.root, self.helps_beside

    @property
    def root(self) -> str:
        """What stands for none of the subcommands beside."""
        return self.beside.removeprefix('--')


def fill(template: str, commands: Commands, **parts: str) -> str:
    """Put parts into a template."""
    for name, text in {**parts, 'flag': commands.beside, 'root': commands.root, 'program': commands.program}.items():
        template = template.replace(f'@{name.upper()}@', text)
    return template


def reading(commands: Commands) -> str:
    """Write how bash and zsh read a word before the last: it is the value of a flag, a flag, the subcommand, or at a place."""
    return fill(READ, commands, beside=BESIDE if commands.beside else '', valued='|'.join(commands.valued()),
                either='|'.join(commands.either()))


def cases(commands: Commands, written: Callable[[str, Takes], str]) -> str:
    """Write, for bash and zsh, what is the value of each flag, and what stands at each place.

    Args:
        commands: What can be completed.
        written: Writes the branch for one of them.
    """
    values, places = ('\n'.join(written(where, takes) for where, takes in found)
                      for found in (commands.values(), commands.placed()))
    return f"""\
        case "$command $flag" in
{values}
        esac
    else
        case "$command $place" in
{places}
        esac"""


def quoted(words: Iterable[str]) -> str:
    """Write words as a shell reads them."""
    return ' '.join(shlex.quote(word) for word in words)


def branches(says: str, takes: Takes, written: Callable[[tuple[str, ...]], str]) -> str:
    """Write the branches by the protocol that the line names."""
    cases = ' '.join(f'({name}) {says.format(written(words))}' for name, words in [*takes.by.items(), ('*', takes.words)])
    return f'case "$protocol" in {cases} esac'
