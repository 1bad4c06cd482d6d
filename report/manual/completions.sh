#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the completions of one shell from what the command says for --help: completions.sh bash|zsh|fish LASTWORDS
set -eu
shell=$1 lastwords=$2
here=$(dirname "$0")
tab=$(printf '\t')

# name, description: one command a line
commands() { "$lastwords" --help | sed -nE "s/^  ([a-z]+) +(.+)\$/\\1${tab}\\2/p"; }

# short, long, argument, how, description: one option a line
options() { "$lastwords" "$1" --help | awk -f "$here/options.awk"; }

# words ARGUMENT DESCRIPTION: what can be said there, if it is a choice of words
words() {
    case $1 in
        METRIC) for word in resident committed growth peak touched; do
            case $2 in *$word*) printf '%s ' "$word" ;; esac
        done ;;
        *[A-Z]* | *..*) printf '%s' "$1" | tr '|' '\n' | grep -E '^[a-z][a-z]*$' | tr '\n' ' ' || true ;;
        *\|*) printf '%s' "$1" | tr '|' ' ' ;;
    esac
}

# takes_file ARGUMENT
takes_file() { case $1 in FILE | PATH | PATH\|*) return 0 ;; *) return 1 ;; esac; }

bash_completions() {
    cat <<'HEAD'
# bash completion of lastwords                                            -*- shell-script -*-
_lastwords() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} i
    local words= options=
    COMPREPLY=()
    # "=" is a word of its own
    if [ "$current" = = ]; then
        current=
    elif [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
HEAD
    echo "    if [ \"\$COMP_CWORD\" -eq 1 ]; then"
    echo "        COMPREPLY=(\$(compgen -W '$(commands | cut -f 1 | tr '\n' ' ')--help --version' -- \"\$current\"))"
    cat <<'PASS'
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            if [ $((i + 1)) -eq "$COMP_CWORD" ]; then
                COMPREPLY=($(compgen -c -- "$current"))
            else
                COMPREPLY=($(compgen -f -- "$current"))
            fi
            return
        fi
    done
PASS
    echo '    case $command:$before in'
    commands | while IFS=$tab read -r command _; do
        options "$command" | while IFS= read -r line; do
            field() { printf '%s\n' "$line" | cut -f "$1"; }
            long=$(field 2)
            choice=$(words "$(field 3)" "$(field 5)")
            [ -z "$choice" ] || echo "        $command:$long) words='$choice' ;;"
        done
    done
    echo '    esac'
    echo '    case $command in'
    commands | while IFS=$tab read -r command _; do
        echo "        $command) options='$(options "$command" | cut -f 1,2 | tr "$tab" ' ' | tr '\n' ' ' | sed 's/^ *//; s/  */ /g')' ;;"
    done
    cat <<'TAIL'
    esac
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _lastwords lastwords
TAIL
}

# For a text between brackets and quotes of _arguments.
zsh_text() { printf '%s' "$1" | sed "s/\\[/(/g; s/\\]/)/g; s/:/\\\\:/g; s/'/'\\\\''/g"; }

zsh_completions() {
    printf '#compdef lastwords\n\n_lastwords() {\n    local state\n    local -a commands\n    commands=(\n'
    commands | while IFS=$tab read -r command text; do
        printf "        '%s:%s'\n" "$command" "$(zsh_text "$text")"
    done
    printf '    )\n    _arguments -C "1:command:->command" "*::argument:->argument"\n    case $state in\n'
    printf '        command) _describe command commands ;;\n        argument)\n            case $words[1] in\n'
    commands | while IFS=$tab read -r command _; do
        printf '                %s)\n                    _arguments \\\n' "$command"
        options "$command" | while IFS= read -r line; do
            field() { printf '%s\n' "$line" | cut -f "$1"; }
            short=$(field 1) long=$(field 2) argument=$(field 3) how=$(field 4) text=$(zsh_text "$(field 5)")
            choice=$(words "$argument" "$(field 5)")
            action=' '
            if takes_file "$argument"; then action=_files; elif [ -n "$choice" ]; then action="($choice)"; fi
            value=
            [ -z "$how" ] || value=":$(zsh_text "$argument"):$action"
            joined=
            [ "$how" != = ] || joined==
            printf "                        '%s%s[%s]%s' \\\\\n" "$long" "$joined" "$text" "$value"
            [ -z "$short" ] || printf "                        '%s[%s]%s' \\\\\n" "$short" "$text" "$value"
        done
        case $command in
            run | doctor) printf "                        '*::command:_normal'\n" ;;
            *) printf "                        '*:file:_files'\n" ;;
        esac
        printf '                    ;;\n'
    done
    printf '            esac\n            ;;\n    esac\n}\n\n_lastwords "$@"\n'
}

fish_text() { printf '%s' "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/\\\\'/g"; }

fish_completions() {
    commands | while IFS=$tab read -r command text; do
        printf "complete -c lastwords -f -n __fish_use_subcommand -a %s -d '%s'\n" "$command" "$(fish_text "$text")"
    done
    commands | while IFS=$tab read -r command _; do
        options "$command" | while IFS= read -r line; do
            field() { printf '%s\n' "$line" | cut -f "$1"; }
            short=$(field 1) long=$(field 2) argument=$(field 3) how=$(field 4)
            choice=$(words "$argument" "$(field 5)")
            rest=
            [ -z "$short" ] || rest="-s ${short#-}"
            if takes_file "$argument"; then
                rest="$rest -r -F"
            elif [ -n "$how" ]; then
                rest="$rest -x${choice:+ -a '$choice'}"
            fi
            printf "complete -c lastwords -n '__fish_seen_subcommand_from %s' -l %s%s -d '%s'\n" "$command" "${long#--}" \
                "${rest:+ $rest}" "$(fish_text "$(field 5)")"
        done
    done
}

"${shell}_completions"
