/* decode: from the word of an instruction to its row in the table and its operands.
 *
 * The only places that know encodings are the table (insns.def) and the layouts of operands here.
 * It must not know what instructions do. */
#include "ops.h"

#define X(id) EMU_RISCV_EXT_BIT(id)
enum { END = FLAG_END, NZRD = FLAG_NZRD, NZRS2 = FLAG_NZRS2, NZIMM = FLAG_NZIMM };

const Row emu_riscv_rows[] = {
#define F(...)
#define I(op, name, match, mask, format, extensions, flags)                                        \
    {name, match, mask, FORMAT_##format, flags, extensions, emu_riscv_op_##op},
#include "insns.def"
#undef F
#undef I
};
const size_t emu_riscv_row_count = G_N_ELEMENTS(emu_riscv_rows);

const char *const emu_riscv_formats[] = {
#define F(name, syntax) #name,
#define I(...)
#include "insns.def"
#undef F
#undef I
};

/* ---- fields ---------------------------------------------------------------------------------- */

static uint32_t bits(uint32_t word, unsigned high, unsigned low)
{
    return word >> low & ((UINT32_C(2) << (high - low)) - 1);
}

/* The value of a sign-extended field of so many bits. */
static int32_t extend(uint32_t value, unsigned width)
{
    return (int32_t)(value << (32 - width)) >> (32 - width);
}

/* unpriv 2.3, figure 2.4 */
static int32_t imm_i(uint32_t w)
{
    return (int32_t)w >> 20;
}

static int32_t imm_s(uint32_t w)
{
    return extend(bits(w, 31, 25) << 5 | bits(w, 11, 7), 12);
}

static int32_t imm_b(uint32_t w)
{
    return extend(bits(w, 31, 31) << 12 | bits(w, 7, 7) << 11 | bits(w, 30, 25) << 5 |
                      bits(w, 11, 8) << 1,
                  13);
}

static int32_t imm_j(uint32_t w)
{
    return extend(bits(w, 31, 31) << 20 | bits(w, 19, 12) << 12 | bits(w, 20, 20) << 11 |
                      bits(w, 30, 21) << 1,
                  21);
}

/* unpriv 16.3 to 16.5 */
static int32_t imm_ci(uint32_t w)
{
    return extend(bits(w, 12, 12) << 5 | bits(w, 6, 2), 6);
}

static int32_t imm_cj(uint32_t w)
{
    return extend(bits(w, 12, 12) << 11 | bits(w, 8, 8) << 10 | bits(w, 10, 9) << 8 |
                      bits(w, 6, 6) << 7 | bits(w, 7, 7) << 6 | bits(w, 2, 2) << 5 |
                      bits(w, 11, 11) << 4 | bits(w, 5, 3) << 1,
                  12);
}

static int32_t imm_cb(uint32_t w)
{
    return extend(bits(w, 12, 12) << 8 | bits(w, 6, 5) << 6 | bits(w, 2, 2) << 5 |
                      bits(w, 11, 10) << 3 | bits(w, 4, 3) << 1,
                  9);
}

static int32_t imm_c16sp(uint32_t w)
{
    return extend(bits(w, 12, 12) << 9 | bits(w, 4, 3) << 7 | bits(w, 5, 5) << 6 |
                      bits(w, 2, 2) << 5 | bits(w, 6, 6) << 4,
                  10);
}

static int32_t imm_clw(uint32_t w)
{
    return (int32_t)(bits(w, 5, 5) << 6 | bits(w, 12, 10) << 3 | bits(w, 6, 6) << 2);
}

static int32_t imm_cld(uint32_t w)
{
    return (int32_t)(bits(w, 6, 5) << 6 | bits(w, 12, 10) << 3);
}

static int32_t imm_ciw(uint32_t w)
{
    return (int32_t)(bits(w, 10, 7) << 6 | bits(w, 12, 11) << 4 | bits(w, 5, 5) << 3 |
                     bits(w, 6, 6) << 2);
}

static int32_t imm_clwsp(uint32_t w)
{
    return (int32_t)(bits(w, 3, 2) << 6 | bits(w, 12, 12) << 5 | bits(w, 6, 4) << 2);
}

static int32_t imm_cldsp(uint32_t w)
{
    return (int32_t)(bits(w, 4, 2) << 6 | bits(w, 12, 12) << 5 | bits(w, 6, 5) << 3);
}

static int32_t imm_cswsp(uint32_t w)
{
    return (int32_t)(bits(w, 8, 7) << 6 | bits(w, 12, 9) << 2);
}

static int32_t imm_csdsp(uint32_t w)
{
    return (int32_t)(bits(w, 9, 7) << 6 | bits(w, 12, 10) << 3);
}

/* ---- operands -------------------------------------------------------------------------------- */

/* What a field of rd means where it is an integer register. */
static uint8_t target(uint32_t reg)
{
    return (uint8_t)(reg ? reg : SINK);
}

static void operands_4byte(Format format, uint32_t w, Insn *insn)
{
    uint8_t rd = (uint8_t)bits(w, 11, 7), rs1 = (uint8_t)bits(w, 19, 15);
    uint8_t rs2 = (uint8_t)bits(w, 24, 20);
    *insn = (Insn){.rd = target(rd), .rs1 = rs1, .rs2 = rs2};
    switch (format) {
    case FORMAT_I:
    case FORMAT_LOAD:
    case FORMAT_JR:
        insn->imm = imm_i(w);
        break;
    case FORMAT_FLOAD:
        insn->rd = rd;
        insn->imm = imm_i(w);
        break;
    case FORMAT_SH:
        insn->imm = (int32_t)bits(w, 25, 20);
        break;
    case FORMAT_STORE:
    case FORMAT_FSTORE:
        insn->imm = imm_s(w);
        break;
    case FORMAT_B:
        insn->imm = imm_b(w);
        break;
    case FORMAT_U:
        insn->imm = (int32_t)(w & 0xfffff000);
        break;
    case FORMAT_J:
        insn->imm = imm_j(w);
        break;
    case FORMAT_FENCE:
        insn->imm = (int32_t)bits(w, 31, 20);
        break;
    case FORMAT_CSR:
    case FORMAT_CSRI:
        insn->imm = (int32_t)bits(w, 31, 20);
        break;
    case FORMAT_FR:
    case FORMAT_FR1:
    case FORMAT_FX:
        insn->rd = rd;
        insn->imm = (int32_t)bits(w, 14, 12);
        break;
    case FORMAT_R4:
        insn->rd = rd;
        insn->imm = (int32_t)(bits(w, 14, 12) | bits(w, 31, 27) << 8);
        break;
    case FORMAT_XF:
        insn->imm = (int32_t)bits(w, 14, 12);
        break;
    case FORMAT_FN:
    case FORMAT_FX1:
        insn->rd = rd;
        break;
    default:
        break;
    }
}

static void operands_2byte(Format format, uint32_t w, Insn *insn)
{
    uint8_t rd = (uint8_t)bits(w, 11, 7), rs2 = (uint8_t)bits(w, 6, 2);
    uint8_t low = (uint8_t)(8 + bits(w, 4, 2)), high = (uint8_t)(8 + bits(w, 9, 7));
    *insn = (Insn){.rd = SINK};
#define SET(d, s1, s2, immediate)                                                                  \
    *insn = (Insn){.rd = (d), .rs1 = (s1), .rs2 = (s2), .imm = (immediate)};                       \
    break
    switch (format) {
    case FORMAT_CIW:
        SET(low, 2, 0, imm_ciw(w));
    case FORMAT_CLW:
        SET(low, high, 0, imm_clw(w));
    case FORMAT_CLD:
    case FORMAT_CFLD:
        SET(low, high, 0, imm_cld(w));
    case FORMAT_CSW:
        SET(SINK, high, low, imm_clw(w));
    case FORMAT_CSD:
    case FORMAT_CFSD:
        SET(SINK, high, low, imm_cld(w));
    case FORMAT_CI:
        SET(target(rd), rd, 0, imm_ci(w));
    case FORMAT_CLI:
        SET(target(rd), 0, 0, imm_ci(w));
    case FORMAT_C16SP:
        SET(2, 2, 0, imm_c16sp(w));
    case FORMAT_CLUI:
        SET(target(rd), 0, 0, (int32_t)((uint32_t)imm_ci(w) << 12));
    case FORMAT_CSH:
        SET(high, high, 0, imm_ci(w) & 63);
    case FORMAT_CANDI:
        SET(high, high, 0, imm_ci(w));
    case FORMAT_CA:
        SET(high, high, low, 0);
    case FORMAT_CJ:
        SET(SINK, 0, 0, imm_cj(w));
    case FORMAT_CB:
        SET(SINK, high, 0, imm_cb(w));
    case FORMAT_CSLLI:
        SET(target(rd), rd, 0, imm_ci(w) & 63);
    case FORMAT_CLWSP:
        SET(target(rd), 2, 0, imm_clwsp(w));
    case FORMAT_CLDSP:
        SET(target(rd), 2, 0, imm_cldsp(w));
    case FORMAT_CFLDSP:
        SET(rd, 2, 0, imm_cldsp(w));
    case FORMAT_CJR:
        SET(SINK, rd, 0, 0);
    case FORMAT_CJALR:
        SET(1, rd, 0, 0);
    case FORMAT_CMV:
        SET(target(rd), 0, rs2, 0);
    case FORMAT_CADD:
        SET(target(rd), rd, rs2, 0);
    case FORMAT_CSWSP:
        SET(SINK, 2, rs2, imm_cswsp(w));
    case FORMAT_CSDSP:
    case FORMAT_CFSDSP:
        SET(SINK, 2, rs2, imm_csdsp(w));
    default:
        break;
    }
#undef SET
}

/* ---- lookup ---------------------------------------------------------------------------------- */

static unsigned key_of(uint32_t word)
{
    return insn_length(word) == 4 ? 32 + bits(word, 6, 2) * 8 + bits(word, 14, 12)
                                  : bits(word, 1, 0) * 8 + bits(word, 15, 13);
}

/* The bits that a key stands for, as a word and its mask. */
static uint32_t key_bits(unsigned key, uint32_t *ret_mask)
{
    if (key >= 32) {
        *ret_mask = 0x707f;
        return 3 | (key - 32) / 8 << 2 | (key & 7) << 12;
    }
    *ret_mask = 0xe003;
    return key / 8 | (key & 7) << 13;
}

void emu_riscv_decoder_init(Decoder *decoder, const EmuRiscvIsa *isa)
{
    unsigned used = 0;
    for (unsigned key = 0; key < DECODER_KEYS; key++) {
        uint32_t mask, word = key_bits(key, &mask);
        decoder->first[key] = (uint16_t)used;
        for (size_t n = 0; n < emu_riscv_row_count; n++) {
            const Row *row = &emu_riscv_rows[n];
            if ((row->extensions & ~isa->extensions) == 0 && (row->match & 3) == (word & 3) &&
                ((row->match ^ word) & row->mask & mask) == 0) {
                g_assert(used < DECODER_ROWS);
                decoder->rows[used++] = (uint16_t)n;
            }
        }
    }
    decoder->first[DECODER_KEYS] = (uint16_t)used;
}

static bool take_row(const Row *row, uint32_t word, Insn *ret_insn)
{
    if ((word & row->mask) != row->match || ((row->flags & FLAG_NZRD) && bits(word, 11, 7) == 0) ||
        ((row->flags & FLAG_NZRS2) && bits(word, 6, 2) == 0)) {
        return false;
    }
    (insn_length(word) == 2 ? operands_2byte : operands_4byte)(row->format, word, ret_insn);
    ret_insn->run = row->run;
    return !(row->flags & FLAG_NZIMM) || ret_insn->imm != 0;
}

static uint32_t whole_word(uint32_t word)
{
    return insn_length(word) == 2 ? word & 0xffff : word;
}

const Row *emu_riscv_decode(const Decoder *decoder, uint32_t word, Insn *ret_insn)
{
    word = whole_word(word);
    unsigned key = key_of(word);
    for (unsigned n = decoder->first[key]; n < decoder->first[key + 1]; n++) {
        const Row *row = &emu_riscv_rows[decoder->rows[n]];
        if (take_row(row, word, ret_insn)) {
            return row;
        }
    }
    return NULL;
}

const Row *emu_riscv_decode_once(uint64_t extensions, uint32_t word, Insn *ret_insn)
{
    word = whole_word(word);
    for (size_t n = 0; n < emu_riscv_row_count; n++) {
        const Row *row = &emu_riscv_rows[n];
        if ((row->extensions & ~extensions) == 0 && take_row(row, word, ret_insn)) {
            return row;
        }
    }
    return NULL;
}

bool emu_riscv_insn_info(size_t index, EmuRiscvInsnInfo *ret_info)
{
    if (index >= emu_riscv_row_count) {
        return false;
    }
    const Row *row = &emu_riscv_rows[index];
    *ret_info = (EmuRiscvInsnInfo){row->name, emu_riscv_formats[row->format], row->match, row->mask,
                                   row->extensions};
    return true;
}
