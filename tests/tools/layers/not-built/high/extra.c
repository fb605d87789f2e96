/* cc: none */
#include "high.h"
