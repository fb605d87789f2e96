/* A program that has a table of commands and no function behind it: it must not link. */
#include "commands_model.gen.h"

int main(void)
{
    return cmd_model_commands[0].name == NULL;
}
