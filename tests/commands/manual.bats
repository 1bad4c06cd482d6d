#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Manual pages and completions know every command, every option and every key.

load common

setup() { commands_setup; }
teardown() { commands_teardown; }

commands() { "$COMMAND" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'; }

# Independent of the scripts that write manual and completions: whatever looks like an option at the start of a line.
options() { "$COMMAND" "$1" --help | grep -oE '^  (-[a-z], )?--[a-z_-]+' | grep -oE -- '--[a-z_-]+'; }

# What a reader sees, without the escapes of roff.
page() { sed 's/\\//g' "$REPO/build/manual/$1"; }

@test "manual: every command has a page, and the first one names them all" {
    [ "$(commands | wc -l)" -ge 5 ]
    for command in $(commands); do
        page "lastwords-$command.1" | grep -q "lastwords-$command - "
        page lastwords.1 | grep -q "fB$command"
        grep -q 'NAME' "$REPO/build/manual/lastwords-$command.1"
    done
}

@test "manual: every option of every --help is in its page and in the completions" {
    for command in $(commands); do
        "$COMMAND" "$command" --help >help
        head -n 1 help | grep -q "^usage: lastwords $command"
        for option in $(options "$command") --help; do
            page "lastwords-$command.1" | grep -qF -- "fB$option" || { echo "$command $option: not in the manual"; return 1; }
            grep -qE "^        $command\) options='([^']* )?$option " "$REPO/build/completions/bash" ||
                { echo "$command $option: not in bash"; return 1; }
            awk -v command="$command)" '$1 == command {inside = 1} inside; /;;/ {inside = 0}' \
                "$REPO/build/completions/zsh" | grep -qE -- "'$option=?\[" || { echo "$command $option: not in zsh"; return 1; }
            grep -F "__fish_seen_subcommand_from $command'" "$REPO/build/completions/fish" |
                grep -qE -- " -l ${option#--}( |\$)" || { echo "$command $option: not in fish"; return 1; }
        done
    done
}

@test "manual: every key of the library is in lastwords-options(7), and run takes it" {
    "$REPO/build/list_options" >keys
    [ "$(wc -l <keys)" -ge 20 ]
    while IFS=$'\t' read -r key values preset meaning; do
        page lastwords-options.7 | grep -q "^fB${key}fR\$" || { echo "$key: not in the manual"; return 1; }
        [ "$key" = limit ] || options run | grep -qx -- "--$key" || { echo "$key: not an option of run"; return 1; }
    done <keys
    for option in $(options run); do
        [ "$option" = --help ] || grep -q "^${option#--}	" keys || { echo "$option: not a key"; return 1; }
    done
}

# completes WORD…: what bash offers for the last word
completes() {
    bash -c '
        . "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _lastwords
        printf "%s\n" "${COMPREPLY[@]}"' - "$REPO/build/completions/bash" lastwords "$@" >offered
    cat offered
}

@test "completion: bash offers commands, options, values and files" {
    completes ""
    grep -qx run offered
    grep -qx report offered
    grep -qx diff offered
    completes re
    [ "$(cat offered)" = report ]
    completes report --pr
    [ "$(cat offered)" = --prometheus ]
    completes run --action = ab
    [ "$(cat offered)" = abort ]
    completes run --action =
    [ "$(wc -l <offered)" -eq 5 ]
    completes top --by g
    [ "$(cat offered)" = growth ]
    touch some.lw
    completes report so
    [ "$(cat offered)" = some.lw ]
    completes run -- tru
    grep -qx true offered
}

@test "completion: zsh and fish read theirs" {
    zsh -n "$REPO/build/completions/zsh"
    mkdir functions
    cp "$REPO/build/completions/zsh" functions/_lastwords
    HOME=$WORK zsh -f -c 'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D; print ${_comps[lastwords]}' |
        grep -qx _lastwords
    fish --no-config -n "$REPO/build/completions/fish"
    HOME=$WORK fish --no-config -c "source '$REPO/build/completions/fish'; complete -C 'lastwords report --pro'" >offered
    cat offered
    grep -q '^--prometheus' offered
    HOME=$WORK fish --no-config -c "source '$REPO/build/completions/fish'; complete -C 'lastwords di'" | grep -q '^diff'
}

@test "install: command, library, manual, completions and schema" {
    make -C "$REPO" --no-print-directory install DESTDIR="$WORK/root" PREFIX=/usr >log 2>&1 || { cat log; return 1; }
    cd root/usr
    find . -type f | sort
    for file in bin/lastwords lib/lastwords/liblastwords.so share/man/man1/lastwords.1 share/man/man7/lastwords-options.7 \
        share/bash-completion/completions/lastwords share/zsh/site-functions/_lastwords \
        share/fish/vendor_completions.d/lastwords.fish share/lastwords/report.schema.json; do
        [ -s "$file" ]
    done
    for command in $(commands); do [ -s "share/man/man1/lastwords-$command.1" ]; done
    # Where it was installed the command finds its library.
    bin/lastwords run -- true
}
