/* SPDX-License-Identifier: MIT */
#define ROOM 4096
#include "plugin_frames.h"
