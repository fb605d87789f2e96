#include "driver.h"

int high_uart(void);
int high_rtc(void);
int high_rtc(void)
{
    return high_uart();
}
