#include "low.h"
#include <time.h>

int low_run(void)
{
    return 0;
}
