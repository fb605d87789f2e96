#include "low.h"
#ifdef NEVER
#include "nowhere.h"
#endif

int low_run(void)
{
    return 0;
}
