# SPDX-License-Identifier: MIT
# From what a command prints for --help to one line per option, fields separated by tabs:
#     short  long  argument  how ("=" joined, " " apart, "" none)  description
# An option line starts with two blanks and dashes; what is indented deeper goes on with its description.

function flush() {
    if (long != "") { print short "\t" long "\t" argument "\t" how "\t" description; count++ }
    long = ""
}

/^  (-[a-z], )?--[a-z]/ {
    flush()
    rest = substr($0, 3)
    short = argument = how = ""
    if (match(rest, /^-[a-z], /)) {
        short = substr(rest, 1, 2)
        rest = substr(rest, RLENGTH + 1)
    }
    match(rest, /^--[a-z_-]+/)
    long = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
    if (match(rest, /^=[^ ]+/) || match(rest, /^ [A-Z]+/)) {
        how = substr(rest, 1, 1)
        argument = substr(rest, 2, RLENGTH - 1)
        rest = substr(rest, RLENGTH + 1)
    }
    sub(/^ +/, "", rest)
    description = rest != "" ? rest : "print help and exit"
    next
}

/^          +[^ ]/ {
    if (long != "") {
        sub(/^ +/, "")
        description = description " " $0
        next
    }
}

{ flush() }

END {
    flush()
    if (!count) print "\t--help\t\t\tprint help and exit"
}
