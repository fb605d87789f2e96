/* Names that are not ours to take. */
typedef unsigned mdl_size_t;
typedef struct {
    int x;
} mdl_point_t;
typedef int (*mdl_call_t)(void);
