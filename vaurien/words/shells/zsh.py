"""The script by which zsh completes a command. Knows zsh's words, and neither a command nor an option."""
from .model import Commands, Takes, branches, cases, fill, quoted, reading

ZSH = r"""#compdef @PROGRAM@
# zsh: eval "$(@PROGRAM@ --completion zsh)" after compinit, or a file _@PROGRAM@ in $fpath
_@PROGRAM@() {
    local command=@PROGRAM@ protocol= flag= word= skip= files= base=
    local -a found ending
    integer i place=0
    for (( i = 2; i < CURRENT; i++ )); do
        word="${words[i]}"
        if [[ "$word" == -- ]]; then shift $i words; (( CURRENT -= i )); _normal; return; fi
@READ@
    done
    if [[ -n "$skip" ]]; then flag="${words[CURRENT-1]}"
    elif [[ "${words[CURRENT]}" == --*=* ]]; then flag="${words[CURRENT]%%=*}"; compset -P 1 '*='; fi
    if [[ -n "$flag" ]]; then
@CASES@
    fi
    if [[ "${found[1]}" == *= ]]; then ending=(-S ''); fi
    if (( ${#found} )); then compadd "${ending[@]}" -- "${found[@]}"; fi
    if [[ -n "$files" ]]; then _files; fi
    if [[ -n "$flag" ]]; then return; fi
    found=()
    case "$command" in
@FLAGS@
    esac
@FIRSTS@
    _describe @PROGRAM@ found
}
if [ "${funcstack[1]}" = _@PROGRAM@ ]; then _@PROGRAM@ "$@"; else compdef _@PROGRAM@ @PROGRAM@; fi
"""


def zsh(commands: Commands) -> str:
    """Write the script for zsh."""
    flags = [f'        ({command}) found=({quoted(described(flag.name, flag.help) for flag in found)}) ;;'
             for command, found in commands.flags.items()]
    return fill(ZSH, commands, read=reading(commands),
                cases=cases(commands, in_zsh), flags='\n'.join(flags),
                firsts='\n'.join(f'    if [[ "$command" == {root} ]] && (( @FIRST@ )); then '
                                 f'found+=({quoted(described(word, text) for word, text in helps.items())}); fi'
                                 for root, helps in commands.roots()), first='CURRENT == 2' if commands.first else 'place == 0')


def in_zsh(where: str, takes: Takes) -> str:
    """Write a branch that says what stands there."""
    cut = ["compset -P '*[,:]'"] if takes.mix else []
    if takes.asked:
        says = [*cut, f'found=(${{(f)"$(command @PROGRAM@ --complete {takes.asked} "${{(@)words[2,CURRENT-1]}}" 2>/dev/null)"}})']
    elif takes.variables:
        says = ['found=(${(k)parameters[(R)*export*]})']
    elif takes.by:
        says = [branches('found=({}) ;;', takes, quoted)]
    else:
        says = [*cut, *([f'found=({quoted(takes.words)})'] if takes.words else []), *(['files=1'] if takes.files else [])]
    return f"        ('{where}') {'; '.join(says) or ':'} ;;"


def described(word: str, text: str) -> str:
    """Write a word as zsh's ``_describe`` is told it."""
    return f'{word}:{text}' if text else word
