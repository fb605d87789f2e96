#include "high.h"

int high_rtc(void);
int high_rtc(void)
{
    return 0;
}
