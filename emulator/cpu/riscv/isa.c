/* isa: sets of extensions: their names, what they need of each other, how a guest is told of them.
 */
#include "internal.h"

#define X(id) EMU_RISCV_EXT_BIT(id)

static const char *const names[] = {
#define EXT(id, name) name,
#include "isa.def"
#undef EXT
};

G_DEFINE_QUARK(emu - riscv - error - quark, emu_riscv_error)

EmuRiscvIsa emu_riscv_isa_full(void)
{
    return (EmuRiscvIsa){.extensions = (X(COUNT) - 1) & ~X(SVADU),
                         .va_bits = 57,
                         .pmp_entries = MAX_PMP,
                         .cbo_block = 64};
}

EmuRiscvIsa emu_riscv_isa_base(void)
{
    EmuRiscvIsa isa = emu_riscv_isa_full();
    isa.extensions = X(I) | X(M) | X(A) | X(F) | X(D) | X(C) | X(ZICSR) | X(ZIFENCEI) | X(ZICNTR) |
                     X(ZIHPM) | X(S) | X(U);
    return isa;
}

EmuRiscvExt emu_riscv_ext_find(const char *name)
{
    EmuRiscvExt ext = 0;
    while (ext < EMU_RISCV_EXT_COUNT && strcmp(names[ext], name) != 0) {
        ext++;
    }
    return ext;
}

const char *emu_riscv_ext_name(EmuRiscvExt ext)
{
    return names[ext];
}

/* What an extension cannot be without. */
static const struct {
    EmuRiscvExt ext, needs;
} needs[] = {
    {EMU_RISCV_EXT_D, EMU_RISCV_EXT_F},          {EMU_RISCV_EXT_F, EMU_RISCV_EXT_ZICSR},
    {EMU_RISCV_EXT_ZICNTR, EMU_RISCV_EXT_ZICSR}, {EMU_RISCV_EXT_ZIHPM, EMU_RISCV_EXT_ZICSR},
    {EMU_RISCV_EXT_U, EMU_RISCV_EXT_ZICSR},      {EMU_RISCV_EXT_S, EMU_RISCV_EXT_U},
    {EMU_RISCV_EXT_SMAIA, EMU_RISCV_EXT_ZICSR},  {EMU_RISCV_EXT_SSAIA, EMU_RISCV_EXT_S},
    {EMU_RISCV_EXT_SSTC, EMU_RISCV_EXT_S},       {EMU_RISCV_EXT_SVADE, EMU_RISCV_EXT_S},
    {EMU_RISCV_EXT_SVADU, EMU_RISCV_EXT_S},      {EMU_RISCV_EXT_SVINVAL, EMU_RISCV_EXT_S},
    {EMU_RISCV_EXT_SVNAPOT, EMU_RISCV_EXT_S},    {EMU_RISCV_EXT_SVPBMT, EMU_RISCV_EXT_S},
};

static bool fail(GError **error, const char *text)
{
    g_set_error_literal(error, EMU_RISCV_ERROR, EMU_RISCV_ERROR_ISA, text);
    return false;
}

bool emu_riscv_isa_check(const EmuRiscvIsa *isa, GError **error)
{
    if (!(isa->extensions & X(I))) {
        return fail(error, "a hart has the extension \"i\"");
    }
    if (isa->extensions >> EMU_RISCV_EXT_COUNT) {
        return fail(error, "an extension that this build does not have");
    }
    for (size_t n = 0; n < G_N_ELEMENTS(needs); n++) {
        if ((isa->extensions >> needs[n].ext & 1) && !(isa->extensions >> needs[n].needs & 1)) {
            g_set_error(error, EMU_RISCV_ERROR, EMU_RISCV_ERROR_ISA,
                        "extension \"%s\" needs \"%s\"", names[needs[n].ext],
                        names[needs[n].needs]);
            return false;
        }
    }
    if (isa->va_bits != 0 && isa->va_bits != 39 && isa->va_bits != 48 && isa->va_bits != 57) {
        return fail(error, "virtual addresses have 39, 48 or 57 bits, or 0 for none");
    }
    if (isa->va_bits && !(isa->extensions & X(S))) {
        return fail(error, "virtual addresses need the extension \"s\"");
    }
    if (isa->pmp_entries > MAX_PMP) {
        return fail(error, "there are at most 16 PMP entries");
    }
    if (isa->cbo_block < 4 || isa->cbo_block > PAGE_SIZE ||
        (isa->cbo_block & (isa->cbo_block - 1))) {
        return fail(error, "a cache block is a power of 2 from 4 to 4096 bytes");
    }
    return true;
}

/* Privilege modes are not in the string. */
static bool named(const EmuRiscvIsa *isa, EmuRiscvExt ext)
{
    return (isa->extensions >> ext & 1) && ext != EMU_RISCV_EXT_S && ext != EMU_RISCV_EXT_U;
}

char *emu_riscv_isa_string(const EmuRiscvIsa *isa)
{
    GString *text = g_string_new("rv64");
    for (EmuRiscvExt ext = 0; ext < EMU_RISCV_EXT_COUNT; ext++) {
        if (named(isa, ext)) {
            g_string_append_printf(text, "%s%s", names[ext][1] ? "_" : "", names[ext]);
        }
    }
    return g_string_free(text, FALSE);
}

char **emu_riscv_isa_extensions(const EmuRiscvIsa *isa)
{
    char **list = g_new0(char *, EMU_RISCV_EXT_COUNT + 1);
    size_t count = 0;
    for (EmuRiscvExt ext = 0; ext < EMU_RISCV_EXT_COUNT; ext++) {
        if (named(isa, ext)) {
            list[count++] = g_strdup(names[ext]);
        }
    }
    return list;
}

uint64_t emu_riscv_isa_misa(const EmuRiscvIsa *isa)
{
    uint64_t misa = UINT64_C(2) << 62; /* MXL: 64 bits */
    for (EmuRiscvExt ext = 0; ext < EMU_RISCV_EXT_COUNT; ext++) {
        if ((isa->extensions >> ext & 1) && !names[ext][1]) {
            misa |= UINT64_C(1) << (names[ext][0] - 'a');
        }
    }
    return misa;
}

const char *emu_riscv_isa_mmu_type(const EmuRiscvIsa *isa)
{
    switch (isa->va_bits) {
    case 39:
        return "riscv,sv39";
    case 48:
        return "riscv,sv48";
    case 57:
        return "riscv,sv57";
    default:
        return isa->extensions & X(S) ? "riscv,none" : NULL;
    }
}
