#include "low.h"
#include <stdlib.h>

int low_run(void)
{
    return getenv("HOME") != NULL;
}
