/* SPDX-License-Identifier: MIT */
/*
 * python_layouts: where CPython keeps what a stack walk needs; data only. Offsets in bytes, x86-64 and other LP64
 * release builds; -1: not there. Read off 3.8.18, 3.9.18, 3.10.13, 3.11.2, 3.12.1, 3.13.0, 3.13.5 and 3.14; checked
 * at run time against PyCode_Type.tp_members before anything is believed.
 */
#ifndef LW_OBSERVE_PYTHON_LAYOUTS_H
#define LW_OBSERVE_PYTHON_LAYOUTS_H

#include <stdint.h>

enum python_line_table { PYTHON_LNOTAB, PYTHON_LINETABLE_310, PYTHON_LOCATIONS_311 };
enum python_entry { PYTHON_ENTRY_EVERY, PYTHON_ENTRY_FLAG, PYTHON_ENTRY_SHIM };

struct python_layout {
    uint16_t version;    /* 0x030b is 3.11 */
    int16_t state_frame; /* thread state: newest frame, or cframe */
    int16_t state_thread_id;
    int16_t cframe_frame; /* -1: no cframe between */
    int16_t frame_code;
    int16_t frame_back;
    int16_t frame_position;
    int16_t frame_entry;    /* is_entry (3.11) or owner (3.12 and later) */
    uint8_t owner_shim;     /* owners from this one on are shim frames */
    uint8_t position_scale; /* f_lasti times this; 0: an instruction pointer */
    enum python_entry entry;
    int16_t code_filename;
    int16_t code_name;
    int16_t code_lines;
    int16_t code_first_line;
    int16_t code_start;
    int16_t string_ascii;
    int16_t string_other;
    enum python_line_table lines;
    const char *name_member; /* what tp_members calls code_name */
};

extern const struct python_layout python_layouts[];
extern const unsigned python_layout_count;

#endif
