#include "low.h"

int low_run(void)
{
    return 0;
}
