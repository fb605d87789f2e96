#include "low.h"
#ifdef NEVER
#include "high.h"
#endif

int low_run(void)
{
    return 0;
}
