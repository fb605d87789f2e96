/* What a fuzz target offers, to libFuzzer and to driver.c alike. */
#ifndef VITRINE_FUZZ_H
#define VITRINE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; aborts when a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts with what did not hold. */
#define FUZZ_HOLDS(property)                                                                       \
    do {                                                                                           \
        if (!(property)) {                                                                         \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
