# SPDX-License-Identifier: MIT
# From the lines of options.awk to a section of a manual page in scdoc's language.

function plain(text) {
    gsub(/[\\*_]/, "\\\\&", text)
    return text
}

BEGIN { FS = "\t" }

{
    head = "*" plain($2) "*"
    if ($1 != "") head = "*" $1 "*, " head
    if ($4 == "=") head = head "=" plain($3)
    if ($4 == " ") head = head " _" plain($3) "_"
    print head "\n\t" plain($5) "\n"
}
