"""The script by which fish completes a command. Knows fish's words, and neither a command nor an option."""
from .model import Commands, Takes, fill, quoted

FISH = r"""# fish: @PROGRAM@ --completion fish | source
function __@PROGRAM@_where
    set -l command @PROGRAM@
    set -l place 0
    set -l protocol ''
    set -l skip ''
    set -l base ''
    for word in (commandline -opc)[2..-1]
        if test "$word" = --
            echo :
            return
        end
        if test -n "$skip"
            test "$skip" = --protocol; and set protocol $word
            set skip ''
            continue
        end
        switch $word
            case '--protocol=*'
                set protocol (string replace -- --protocol= '' $word)@BESIDE@
            case @VALUED@
                set skip $word
            case '-*'
            case '*'
                if contains -- $command:$word @EITHER@
                    set command $base$word
                else
                    set place (math $place + 1)
                end
        end
    end
    printf '%s\n' $command $place "$protocol" (count (commandline -opc))
end
function __@PROGRAM@_in
    set -l where (__@PROGRAM@_where)
    test "$where[1]" = $argv[1]; and begin
        not set -q argv[2]
        or test "$where[2]" = $argv[2]
    end
end
function __@PROGRAM@_first
    set -l where (__@PROGRAM@_where)
    test "$where[1]" = $argv[1]; and test @FIRST@
end
function __@PROGRAM@_mix
    set -l current (commandline -ct | string replace -r -- '^--[^=]*=' '')
    set -l prefix (string match -r -- '^.*[,:]' "$current")
    printf '%s\n' "$prefix"$argv
end
function __@PROGRAM@_by
    set -l where (__@PROGRAM@_where)
    for entry in $argv
        set -l parts (string split -m 1 : -- $entry)
        if test "$parts[1]" = "$where[3]"
            string split ' ' -- $parts[2]
            return
        end
    end
    string split ' ' -- (string split -m 1 : -- $argv[-1])[2]
end
function __@PROGRAM@_ask
    command @PROGRAM@ --complete $argv (commandline -opc)[2..-1] 2>/dev/null
end
function __@PROGRAM@_command
    set -l rest (commandline -opc)
    set -e rest[1..(contains -i -- -- $rest)]
    complete -C (string join ' ' -- (string escape -- $rest) (commandline -ct))
end
complete -c @PROGRAM@ -f
complete -c @PROGRAM@ -n '__@PROGRAM@_in :' -a '(__@PROGRAM@_command)'
@LINES@
"""
#: the flag that there are other commands with; it may also stand after the command
BESIDE = """
            case @FLAG@ '@FLAG@=*'
                set base @ROOT@-
                if test $command = @PROGRAM@
                    set command @ROOT@
                else
                    set command @ROOT@-$command
                end
                string match -q -- '*=*' $word; or set skip $word"""


def fish(commands: Commands) -> str:
    """Write the script for fish."""
    lines = [f"complete -c @PROGRAM@ -n '__@PROGRAM@_first {root}' -a {in_fish(word)} -d {in_fish(text)}"
             for root, helps in commands.roots() for word, text in helps.items()]
    lines += [f'complete -c @PROGRAM@ -n {in_fish(f"__@PROGRAM@_in {where}")}{after_fish(takes)}'
              for where, takes in commands.placed()]
    for command, found in commands.flags.items():
        when = in_fish(f'__@PROGRAM@_in {command}')
        for flag in found:
            takes = f' {"-r" if flag.takes.files else "-x"}{after_fish(flag.takes)}' if flag.takes else ''
            lines.append(f'complete -c @PROGRAM@ -n {when} -l {flag.name[2:]}{takes} -d {in_fish(flag.help)}')
    return fill(FISH, commands, beside=BESIDE if commands.beside else '',
                lines='\n'.join(lines), valued=quoted(commands.valued()),
                either=quoted(commands.either()), first='"$where[4]" = 1' if commands.first else '"$where[2]" = 0')


def after_fish(takes: Takes) -> str:
    """Write what ``complete`` is told of what stands there."""
    if takes.asked:
        words = f'(__@PROGRAM@_ask {takes.asked})'
        return f' -a {in_fish(f"(__@PROGRAM@_mix {words})" if takes.mix else words)}'
    if takes.variables:
        return ' -a "(set -nx)"'
    if takes.by:
        entries = [f'{name}:{" ".join(words)}' for name, words in [*takes.by.items(), ('*', takes.words)]]
        return f' -a {in_fish(f"(__@PROGRAM@_by {quoted(entries)})")}'
    words = ' '.join(takes.words)
    listed = f' -a {in_fish(f"(__@PROGRAM@_mix {words})" if takes.mix else words)}' if words else ''
    return listed + (' -F' if takes.files else '')


def in_fish(text: str) -> str:
    """Quote a text as fish reads it."""
    escaped = text.replace('\\', '\\\\').replace("'", "\\'")
    return f"'{escaped}'"
