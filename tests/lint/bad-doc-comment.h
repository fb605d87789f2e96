/* A public header. */

/* Documented, and so is its neighbour. */
int mdl_first(void);
int mdl_second(void);

int mdl_third(void);
