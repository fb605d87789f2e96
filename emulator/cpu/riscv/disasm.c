/* disasm: the text of an instruction, from the same table as its meaning. */
#include "internal.h"

#include <stdio.h>

const char *const emu_riscv_x_names[] = {"zero", "ra", "sp", "gp", "tp", "t0",  "t1", "t2", "s0",
                                         "s1",   "a0", "a1", "a2", "a3", "a4",  "a5", "a6", "a7",
                                         "s2",   "s3", "s4", "s5", "s6", "s7",  "s8", "s9", "s10",
                                         "s11",  "t3", "t4", "t5", "t6", "zero" /* SINK */};
const char *const emu_riscv_f_names[] = {
    "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1", "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4", "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};
static const char *const rm_names[] = {"rne", "rtz", "rdn", "rup", "rmm", "rm5", "rm6", "dyn"};

static const char *const syntaxes[] = {
#define F(name, syntax) syntax,
#define I(...)
#include "insns.def"
#undef F
#undef I
};

static void fence_sets(char *text, size_t size, unsigned sets)
{
    static const char letters[] = "iorw";
    char before[5] = "", after[5] = "";
    for (unsigned n = 0, b = 0, a = 0; n < 4; n++) {
        if (sets >> (7 - n) & 1) {
            before[b++] = letters[n];
        }
        if (sets >> (3 - n) & 1) {
            after[a++] = letters[n];
        }
    }
    snprintf(text, size, "%s,%s", before[0] ? before : "0", after[0] ? after : "0");
}

static void operand(char letter, const Insn *insn, uint64_t pc, char *text, size_t size)
{
    switch (letter) {
    case 'd':
        g_strlcpy(text, emu_riscv_x_names[insn->rd], size);
        break;
    case 's':
        g_strlcpy(text, emu_riscv_x_names[insn->rs1], size);
        break;
    case 't':
        g_strlcpy(text, emu_riscv_x_names[insn->rs2], size);
        break;
    case 'D':
        g_strlcpy(text, emu_riscv_f_names[insn->rd], size);
        break;
    case 'S':
        g_strlcpy(text, emu_riscv_f_names[insn->rs1], size);
        break;
    case 'T':
        g_strlcpy(text, emu_riscv_f_names[insn->rs2], size);
        break;
    case 'R':
        g_strlcpy(text, emu_riscv_f_names[insn->imm >> 8], size);
        break;
    case 'i':
        snprintf(text, size, "%d", insn->imm);
        break;
    case 'u':
        snprintf(text, size, "0x%x", (uint32_t)insn->imm >> 12);
        break;
    case 'p':
        snprintf(text, size, "0x%" PRIx64, pc + (uint64_t)(int64_t)insn->imm);
        break;
    case 'z':
        snprintf(text, size, "%u", insn->rs1);
        break;
    case 'm':
        g_strlcpy(text, rm_names[insn->imm & 7], size);
        break;
    case 'c':
        if (!emu_riscv_csr_name((unsigned)insn->imm, text, size)) {
            snprintf(text, size, "0x%x", (unsigned)insn->imm);
        }
        break;
    case 'f':
        fence_sets(text, size, (unsigned)insn->imm);
        break;
    default:
        snprintf(text, size, "%c", letter);
        break;
    }
}

/* A dynamic rounding mode is not written, nor the comma before it. */
static bool silent(const char *syntax, const Insn *insn)
{
    return strcmp(syntax, ",m") == 0 && (insn->imm & 7) == RM_DYN;
}

unsigned emu_riscv_disassemble(const EmuRiscvIsa *isa, uint64_t pc, uint32_t instruction,
                               char *buffer, size_t size)
{
    Insn insn;
    const Row *row = emu_riscv_decode_once(isa->extensions, instruction, &insn);
    unsigned length = insn_length(instruction);
    if (!row) {
        snprintf(buffer, size, length == 4 ? ".4byte 0x%x" : ".2byte 0x%x",
                 length == 4 ? instruction : instruction & 0xffff);
        return length;
    }
    GString *text = g_string_new(row->name);
    const char *syntax = syntaxes[row->format];
    for (const char *at = syntax; *at && !silent(at, &insn); at++) {
        char word[24];
        operand(*at, &insn, pc, word, sizeof word);
        g_string_append_printf(text, "%s%s%s", at == syntax ? " " : "", word,
                               *at == ',' ? " " : "");
    }
    g_strlcpy(buffer, text->str, size);
    g_string_free(text, TRUE);
    return length;
}
