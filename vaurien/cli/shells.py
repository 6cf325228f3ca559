"""The scripts by which bash, zsh and fish complete ``vaurien``. Knows the shells' words, and no option."""
import shlex
from collections.abc import Callable, Iterable
from typing import NamedTuple

PLAIN = 'vaurien'   #: what flags belong to that stand after no subcommand

BASH = """\
# bash: eval "$(vaurien --completion bash)"
_vaurien() {
    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command=vaurien words=''
    if [ "$current" = = ]; then current=''
    elif [ "$before" = = ]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi
    if [ "$COMP_CWORD" -gt 1 ]; then case "${COMP_WORDS[1]}" in %(either)s) command="${COMP_WORDS[1]}" ;; esac; fi
    COMPREPLY=()
    case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in *' -- '*) return ;; esac
    case "$command $before" in
%(values)s
    esac
    case "$command" in
%(flags)s
    esac
    if [ "$COMP_CWORD" = 1 ]; then words="%(commands)s $words"; fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [ "$command" = scenario ] && [ "$COMP_CWORD" = 2 ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o bashdefault -F _vaurien vaurien
"""
ZSH = """\
#compdef vaurien
# zsh: eval "$(vaurien --completion zsh)" after compinit, or a file _vaurien in $fpath
_vaurien() {
    local command=vaurien before="${words[CURRENT-1]}"
    local -a found
    if (( CURRENT > 2 )); then case "${words[2]}" in %(either)s) command="${words[2]}" ;; esac; fi
    if (( ${words[(i)--]} < CURRENT )); then _files; return; fi
    if [[ "${words[CURRENT]}" == --*=* ]]; then before="${words[CURRENT]%%%%=*}"; compset -P '*='; fi
    case "$command $before" in
%(values)s
    esac
    case "$command" in
%(flags)s
    esac
    if (( CURRENT == 2 )); then found+=(%(commands)s); fi
    _describe vaurien found
    if [[ "$command" == scenario ]] && (( CURRENT == 3 )); then _files; fi
}
if [ "${funcstack[1]}" = _vaurien ]; then _vaurien "$@"; else compdef _vaurien vaurien; fi
"""


class Flag(NamedTuple):
    """A flag that can be completed.

    Args:
        name: ``--protocol``.
        help: What it does, in a line.
        value: It takes one.
        words: What that can be; empty: anything.
        files: It is the path of a file.
    """

    name: str
    help: str
    value: bool
    words: tuple[str, ...] = ()
    files: bool = False


class Commands(NamedTuple):
    """All that can be completed.

    Args:
        flags: By the subcommand; ``PLAIN``: without one.
        helps: The subcommands, with what they do.
        names: What ``vaurien help`` is asked for.
    """

    flags: dict[str, tuple[Flag, ...]]
    helps: dict[str, str]
    names: tuple[str, ...]


def bash(commands: Commands) -> str:
    """Write the script for bash."""
    values, flags = [], [f'        help) words={shlex.quote(" ".join(commands.names))} ;;']
    for command, found in commands.flags.items():
        for flag in found:
            if flag.value:
                reply = f'COMPREPLY=($(compgen {listed(flag)} -- "$current")); ' if flag.words or flag.files else ''
                values.append(f"        '{command} {flag.name}') {reply}return ;;")
        flags.append(f'        {command}) words={shlex.quote(" ".join(flag.name for flag in found))} ;;')
    return BASH % {'either': '|'.join(commands.helps), 'commands': ' '.join(commands.helps),
                   'values': '\n'.join(values), 'flags': '\n'.join(flags)}


def listed(flag: Flag) -> str:
    """Write what a flag takes as bash's ``compgen`` is told it."""
    return '-f' if flag.files else f'-W {shlex.quote(" ".join(flag.words))}'


def zsh(commands: Commands) -> str:
    """Write the script for zsh."""
    values, flags = [], [f'        help) found=({quoted(commands.names)}) ;;']
    for command, found in commands.flags.items():
        for flag in found:
            if flag.value:
                reply = '_files; ' if flag.files else f'compadd -- {quoted(flag.words)}; ' if flag.words else ''
                values.append(f"        '{command} {flag.name}') {reply}return ;;")
        flags.append(f'        {command}) found=({quoted(described(flag.name, flag.help) for flag in found)}) ;;')
    return ZSH % {'either': '|'.join(commands.helps), 'values': '\n'.join(values), 'flags': '\n'.join(flags),
                  'commands': quoted(described(word, text) for word, text in commands.helps.items())}


def described(word: str, text: str) -> str:
    """Write a word as zsh's ``_describe`` is told it."""
    return f'{word}:{text}' if text else word


def quoted(words: Iterable[str]) -> str:
    """Write words as a shell reads them."""
    return ' '.join(shlex.quote(word) for word in words)


def fish(commands: Commands) -> str:
    """Write the script for fish."""
    either = ' '.join(commands.helps)
    none = f'not __fish_seen_subcommand_from {either}'
    lines = ['# fish: vaurien --completion fish | source', 'complete -c vaurien -f']
    lines += [f'complete -c vaurien -n {in_fish(none)} -a {in_fish(word)} -d {in_fish(text)}'
              for word, text in commands.helps.items()]
    lines.append(f"complete -c vaurien -n '__fish_seen_subcommand_from help' -a {in_fish(' '.join(commands.names))}")
    lines.append("complete -c vaurien -n '__fish_seen_subcommand_from scenario' -F")
    for command, found in commands.flags.items():
        when = in_fish(f'__fish_seen_subcommand_from {command}' if command in commands.helps else none)
        for flag in found:
            takes = ' -r -F' if flag.files else f' -x -a {in_fish(" ".join(flag.words))}' if flag.value else ''
            lines.append(f'complete -c vaurien -n {when} -l {flag.name[2:]}{takes} -d {in_fish(flag.help)}')
    return '\n'.join(lines) + '\n'


def in_fish(text: str) -> str:
    """Quote a text as fish reads it."""
    escaped = text.replace('\\', '\\\\').replace("'", "\\'")
    return f"'{escaped}'"


SCRIPTS: dict[str, Callable[[Commands], str]] = {'bash': bash, 'zsh': zsh, 'fish': fish}
