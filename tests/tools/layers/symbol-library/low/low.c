#include "low.h"

void *json_null(void);

int low_run(void)
{
    return json_null() != 0;
}
