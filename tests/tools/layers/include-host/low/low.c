#include "low.h"
#include <stdio.h>

int low_run(void)
{
    return 0;
}
