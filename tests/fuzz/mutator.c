/* SPDX-License-Identifier: MIT */
/* For libFuzzer: its own mutations, with the checksums mended in half of them. */
#include <stddef.h>
#include <stdint.h>

#include "mend.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    size_t mutated = LLVMFuzzerMutate(data, size, most);
    if (seed & 1)
        mend_state(data, mutated);
    return mutated;
}
