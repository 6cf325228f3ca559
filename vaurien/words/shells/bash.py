"""The script by which bash completes a command. Knows bash's words, and neither a command nor an option."""
import shlex

from .model import Commands, Takes, branches, cases, fill, reading

BASH = r"""# bash: eval "$(@PROGRAM@ --completion bash)"
_@PROGRAM@() {
    local line="${COMP_LINE:0:COMP_POINT}" piece="${COMP_WORDS[COMP_CWORD]}" command=@PROGRAM@ protocol= place=0 skip= flag= base=
    local words= files= mix= prefix= word i whole current inline IFS=$' \t\n'
    local -a typed
    read -ra typed <<< "$line"
    case "$line" in *[[:space:]]) typed+=('') ;; esac
    local last=$((${#typed[@]} - 1))
    whole="${typed[last]}" current="${typed[last]}"
    COMPREPLY=()
    for ((i = 1; i < last; i++)); do
        word="${typed[i]}"
        if [ "$word" = -- ]; then _@PROGRAM@_command; return; fi
@READ@
    done
    if [ "$skip" ]; then flag="${typed[last-1]}"
    else case "$current" in --*=*) flag="${current%%=*}" current="${current#*=}" ;; esac; fi
    if [ "$flag" ]; then
@CASES@
        case "$command" in
@FLAGS@
        esac
@FIRSTS@
    fi
    if [ "$mix" ]; then prefix="${current%"${current##*[,:]}"}"; fi
    case "$piece" in =|:) piece= ;; esac    # bash has cut the word there
    inline="${whole%"$current"}"
    COMPREPLY=($(compgen -W "$words" -- "${current#"$prefix"}"))
    COMPREPLY=("${COMPREPLY[@]/#/$inline$prefix}")
    IFS=$'\n'
    if [ "$files" ]; then COMPREPLY+=($(compgen -f -P "$inline" -- "$current")); compopt -o filenames 2>/dev/null; fi
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]="${COMPREPLY[i]:$((${#whole} - ${#piece}))}"; done
    case "${COMPREPLY[0]}" in *=) compopt -o nospace 2>/dev/null ;; esac
}
_@PROGRAM@_command() {
    local i=1 offset
    while [ "${COMP_WORDS[i]}" != -- ]; do i=$((i + 1)); done
    for offset in _comp_command_offset _command_offset; do      # of bash-completion
        if declare -F $offset > /dev/null; then $offset $((i + 1)); return; fi
    done
    IFS=$'\n'
    if [ $((i + 1)) = "$COMP_CWORD" ]; then COMPREPLY=($(compgen -c -- "$piece")); fi
    COMPREPLY+=($(compgen -f -- "$piece"))
    compopt -o filenames 2>/dev/null
}
complete -o bashdefault -F _@PROGRAM@ @PROGRAM@
"""


def bash(commands: Commands) -> str:
    """Write the script for bash."""
    flags = [f'        {command}) words="$words "{shlex.quote(" ".join(flag.name for flag in found))} ;;'
             for command, found in commands.flags.items()]
    return fill(BASH, commands, read=reading(commands),
                cases=cases(commands, in_bash), flags='\n'.join(flags),
                firsts='\n'.join(
                    f'        if [ "$command" = {root} ] && [ $((@FIRST@)) != 0 ]; then words="$words {" ".join(helps)}"; fi'
                    for root, helps in commands.roots()), first='last == 1' if commands.first else 'place == 0')


def in_bash(where: str, takes: Takes) -> str:
    """Write a branch that says what stands there."""
    if takes.asked:
        says = (f'words="$(command @PROGRAM@ --complete {takes.asked} "${{typed[@]:1:last-1}}" '
                f'2>/dev/null)"{" mix=1" if takes.mix else ""}')
    elif takes.variables:
        says = 'words="$(compgen -e)"'
    elif takes.by:
        says = branches('words={} ;;', takes, lambda words: shlex.quote(' '.join(words)))
    else:
        says = ' '.join([*([f'words={shlex.quote(" ".join(takes.words))}'] if takes.words else []),
                         *(['files=1'] if takes.files else []), *(['mix=1'] if takes.mix else [])]) or ':'
    return f"        '{where}') {says} ;;"
