#include "low.h"

int helper(void);
int helper(void)
{
    return 0;
}

int low_run(void)
{
    return helper();
}
