#include "low.h"

int main(void)
{
    return low_run();
}
