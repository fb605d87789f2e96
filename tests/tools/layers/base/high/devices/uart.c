#include "driver.h"

int high_uart(void);
int high_uart(void)
{
    return high_driver();
}
