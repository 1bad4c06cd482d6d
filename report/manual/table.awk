# SPDX-License-Identifier: MIT
# From build/list_options (key, values, default, meaning) to the list of keys in lastwords-options(7).

function plain(text) {
    gsub(/[\\*_]/, "\\\\&", text)
    return text
}

BEGIN { FS = "\t" }

{
    print "*" plain($1) "*"
    print "\t" ($4 ~ /^[a-z]+=/ ? plain($4) : toupper(substr($4, 1, 1)) plain(substr($4, 2))) "."
    print ""
    print "\tValues: " plain($2) ($3 != "" ? "; default " plain($3) : "; not set by default") "."
    print ""
}
