/* SPDX-License-Identifier: MIT */
/* The page's script and style, as the build has put them together, as bytes of the command. */
        .section .rodata, "a"

        .globl web_script, web_script_end
web_script:
        .incbin "report.js"
web_script_end:
        .byte 0

        .globl web_style, web_style_end
web_style:
        .incbin "report.css"
web_style_end:
        .byte 0

        .section .note.GNU-stack, "", %progbits
