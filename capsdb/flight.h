/* flight: of all who want the same answer at once, one asks. */
#ifndef VITRINE_CAPSDB_FLIGHT_H
#define VITRINE_CAPSDB_FLIGHT_H

#include "store.h"

/* store: whose askers are meant; NULL: there is no lock. Waits until nobody else, in any process,
 * asks about this key; at most wait_ms. Returns a file to be closed when done, -1 with LOCKED, or
 * -1 without error but errno where no lock can be made (then everybody asks). A process that dies
 * lets go. */
int caps_flight_begin(const CapsStore *store, const char *key, unsigned wait_ms, GError **error);
/* Until it ends the file of the store keeps its name: many hold it so that long, for as long as
 * they open or close it, and one alone to give it another name. As above; LOCKED is who waited in
 * vain.
 */
int caps_flight_hold_file(const CapsStore *store, bool alone, unsigned wait_ms, GError **error);
/* Lets the next one go; -1 is fine. */
void caps_flight_end(int flight);

#endif
