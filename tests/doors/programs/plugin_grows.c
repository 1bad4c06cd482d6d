/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor does not end: the loader's lock is held all the while (growth constructor). */
void grow_in_constructor(void); /* the program's */

__attribute__((constructor)) static void begin(void)
{
    grow_in_constructor();
}
