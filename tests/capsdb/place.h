/* place: a folder of a test's own with a database in it, and answers to fill that with. */
#ifndef VITRINE_TESTS_CAPSDB_PLACE_H
#define VITRINE_TESTS_CAPSDB_PLACE_H

#include "answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

typedef struct Place {
    char *folder, *file; /* file: capsdb.db in it, not made yet */
} Place;

/* Of cmocka: *state is a Place. Removed with all that is in it. */
int place_set_up(void **state);
int place_tear_down(void **state);
#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
/* Removes what is in the folder. */
void place_clear(const Place *place);

/* Fails the test if it cannot be opened. */
CapsStore *place_open(const Place *place);

/* The identity that the answers are of. */
extern CapsIdentity place_identity;
/* Stores the answers FROM … BELOW - 1 in one transaction. Answer I is a number I and a text of a
 * length and letters of its own; every fifth is a refusal. False: with error, nothing is stored. */
bool place_fill(CapsStore *store, int from, int below, GError **error);
/* 1: answer I is there, 0: it is not, -1: error. One that is there and is not what was stored fails
 * the test. */
int place_find(CapsStore *store, int i, GError **error);
/* How many of the answers 0 … BELOW - 1 are there; error is of the last that could not be read. */
int place_count(CapsStore *store, int below, GError **error);

#endif
