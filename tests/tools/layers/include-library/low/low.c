#include "low.h"
#include <jansson.h>

int low_run(void)
{
    return 0;
}
