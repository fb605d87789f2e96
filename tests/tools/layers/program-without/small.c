#include "high.h"
#include "low.h"

int main(void)
{
    return high_run() + low_run();
}
