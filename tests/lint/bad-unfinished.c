/* Not all there. */

/* TODO: the rest */
