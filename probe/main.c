/* main: the program vitrine-probe. */
#include "self.h"

int main(int argc, char **argv)
{
    return prb_main(argc, argv);
}
