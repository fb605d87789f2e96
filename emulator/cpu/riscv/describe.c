/* describe: a hart's registers as a target description of gdb (gdb manual, G.2 and G.5.10). */
#include "internal.h"

static void add_register(GString *xml, const char *name, unsigned number, const char *type)
{
    g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"64\" regnum=\"%u\" type=\"%s\"/>", name,
                           number, type);
}

static void add_feature(GString *xml, const char *name)
{
    g_string_append_printf(xml, "<feature name=\"org.gnu.gdb.riscv.%s\">", name);
}

static void add_cpu(GString *xml)
{
    add_feature(xml, "cpu");
    for (unsigned i = 0; i < 32; i++) {
        const char *type = i == 1 ? "code_ptr" : i >= 2 && i <= 4 ? "data_ptr" : "int";
        add_register(xml, emu_riscv_x_names[i], EMU_RISCV_REG_X0 + i, type);
    }
    add_register(xml, "pc", EMU_RISCV_REG_PC, "code_ptr"); /* lint: machine-name: a register */
    g_string_append(xml, "</feature>");
}

static void add_fpu(GString *xml, bool has_double)
{
    add_feature(xml, "fpu");
    if (has_double) {
        g_string_append(xml, "<union id=\"riscv_double\"><field name=\"float\" "
                             "type=\"ieee_single\"/><field name=\"double\" "
                             "type=\"ieee_double\"/></union>");
    }
    for (unsigned i = 0; i < 32; i++) {
        add_register(xml, emu_riscv_f_names[i], EMU_RISCV_REG_F0 + i,
                     has_double ? "riscv_double" : "int");
    }
    g_string_append(xml, "</feature>");
}

static void add_csrs(GString *xml, const Hart *hart)
{
    add_feature(xml, "csr");
    for (unsigned csr = 0; csr < 4096; csr++) {
        char name[32];
        if (emu_riscv_csr_known(hart, csr) && emu_riscv_csr_name(csr, name, sizeof name)) {
            add_register(xml, name, EMU_RISCV_REG_CSR0 + csr, "int");
        }
    }
    g_string_append(xml, "</feature>");
}

char *emu_riscv_hart_describe(const EmuRiscvHart *hart)
{
    GString *xml = g_string_new("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM "
                                "\"gdb-target.dtd\"><target>"
                                "<architecture>riscv:rv64</architecture>");
    add_cpu(xml);
    if (has(hart, EMU_RISCV_EXT_F)) {
        add_fpu(xml, has(hart, EMU_RISCV_EXT_D));
    }
    add_csrs(xml, hart);
    add_feature(xml, "virtual");
    add_register(xml, "priv", EMU_RISCV_REG_PRIV, "int");
    g_string_append(xml, "</feature></target>");
    return g_string_free(xml, FALSE);
}
