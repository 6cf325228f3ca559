#!/bin/sh
# Lists the tests of a module of Go, or runs one of them, for vaurien explore:
#   vaurien explore --through REDIS_URL --tests 'sh tests.sh list' --each 'sh tests.sh run {test}'
# Each package is compiled once, by list, into the folder .vaurien/go; its tests run in its own folder, as go test has it.
set -eu
built="$PWD/.vaurien/go"

binary() {      # of a package
    printf '%s/%s' "$built" "$(printf '%s' "$1" | tr '/' '_')"
}

case "${1-}" in
list)
    rm -rf "$built"
    mkdir -p "$built"
    go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... >"$built/packages"
    while read -r package folder; do
        [ -n "$package" ] || continue
        go test -c -o "$(binary "$package")" "$package"
        printf '%s\n' "$folder" >"$(binary "$package").folder"
        names=$(cd "$folder" && "$(binary "$package")" -test.list '^Test')
        for name in $names; do
            printf '%s %s\n' "$package" "$name"
        done
    done <"$built/packages"
    ;;
run)
    package="${2% *}"
    cd "$(cat "$(binary "$package").folder")"
    exec "$(binary "$package")" -test.run "^${2##* }\$"
    ;;
*)
    echo "tests.sh: list, or run 'PACKAGE TEST'" >&2
    exit 2
    ;;
esac
