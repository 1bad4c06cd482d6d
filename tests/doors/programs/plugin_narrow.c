/* SPDX-License-Identifier: MIT */
#define ROOM 512
#include "plugin_frames.h"
