#include "low.h"

int high_driver(void);

int low_run(void)
{
    return high_driver();
}
