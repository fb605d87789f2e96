/* Sets of extensions, their names and needs; the table of instructions and the disassembler. */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_strings(void **state)
{
    (void)state;
    EmuRiscvIsa isa = emu_riscv_isa_base();
    char *text = emu_riscv_isa_string(&isa);
    assert_string_equal(text, "rv64imafdc_zicntr_zicsr_zifencei_zihpm");
    g_free(text);
    isa.extensions |= EMU_RISCV_EXT_BIT(ZBB) | EMU_RISCV_EXT_BIT(SSTC);
    char **list = emu_riscv_isa_extensions(&isa);
    char *joined = g_strjoinv(" ", list);
    assert_string_equal(joined, "i m a f d c zicntr zicsr zifencei zihpm zbb sstc");
    g_free(joined);
    g_strfreev(list);
    assert_int_equal(emu_riscv_isa_misa(&isa), UINT64_C(2) << 62 | 1 << 0 | 1 << 2 | 1 << 3 |
                                                   1 << 5 | 1 << 8 | 1 << 12 | 1 << 18 | 1 << 20);
    assert_string_equal(emu_riscv_isa_mmu_type(&isa), "riscv,sv57");
    assert_int_equal(emu_riscv_ext_find("zbb"), EMU_RISCV_EXT_ZBB);
    assert_int_equal(emu_riscv_ext_find("zbc"), EMU_RISCV_EXT_COUNT);
}

static void assert_refused(EmuRiscvIsa isa, const char *message)
{
    GError *error = NULL;
    assert_false(emu_riscv_isa_check(&isa, &error));
    assert_string_equal(error->message, message);
    g_error_free(error);
}

static void test_needs(void **state)
{
    (void)state;
    EmuRiscvIsa full = emu_riscv_isa_full(), base = emu_riscv_isa_base(), isa = full;
    assert_true(emu_riscv_isa_check(&full, NULL));
    assert_true(emu_riscv_isa_check(&base, NULL));
    isa.extensions &= ~EMU_RISCV_EXT_BIT(F);
    assert_refused(isa, "extension \"d\" needs \"f\"");
    isa = base;
    isa.extensions &= ~EMU_RISCV_EXT_BIT(U);
    assert_refused(isa, "extension \"s\" needs \"u\"");
    isa = full;
    isa.va_bits = 40;
    assert_refused(isa, "virtual addresses have 39, 48 or 57 bits, or 0 for none");
    isa = full;
    isa.pmp_entries = 17;
    assert_refused(isa, "there are at most 16 PMP entries");
    isa = full;
    isa.cbo_block = 48;
    assert_refused(isa, "a cache block is a power of 2 from 4 to 4096 bytes");
}

/* What a hart does not have is illegal on it, and no instruction to the disassembler. */
static void test_without_an_extension(void **state)
{
    (void)state;
    static const struct {
        uint64_t without;
        uint32_t word;
    } cases[] = {
        {EMU_RISCV_EXT_BIT(M), 0x02208033},       /* mul */
        {EMU_RISCV_EXT_BIT(A), 0x1005302f},       /* lr.d */
        {EMU_RISCV_EXT_BIT(ZBA), 0x2020a033},     /* sh1add */
        {EMU_RISCV_EXT_BIT(ZICBOZ), 0x0045200f},  /* cbo.zero */
        {EMU_RISCV_EXT_BIT(ZIFENCEI), FENCE_I},   /* fence.i */
        {EMU_RISCV_EXT_BIT(SVINVAL), 0x16000073}, /* sinval.vma */
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        for (unsigned has = 0; has < 2; has++) {
            Board board;
            EmuRiscvIsa isa = emu_riscv_isa_full();
            isa.extensions &= has ? UINT64_MAX : ~cases[n].without;
            board_open(&board, &isa);
            board_program(&board, RAM + 256, (const uint32_t[]){HERE}, 1);
            set_reg(&board, EMU_RISCV_REG_CSR0 + 0x305, RAM + 256);
            PROGRAM(&board, cases[n].word, HERE);
            set_reg(&board, A0, RAM + 4096);
            emu_riscv_hart_run(board.hart[0], 1);
            assert_int_equal(csr(&board, 0x342), has ? 0 : 2);
            char text[64];
            emu_riscv_disassemble(&isa, 0, cases[n].word, text, sizeof text);
            assert_int_equal(text[0] == '.', !has);
            board_close(&board);
        }
    }
}

/* Without C a jump to a multiple of 2 is an exception of the jump. */
static void test_without_compressed(void **state)
{
    (void)state;
    EmuRiscvIsa isa = emu_riscv_isa_full();
    isa.extensions &= ~EMU_RISCV_EXT_BIT(C);
    Board board;
    board_open(&board, &isa);
    board_program(&board, RAM + 256, (const uint32_t[]){HERE}, 1);
    set_reg(&board, EMU_RISCV_REG_CSR0 + 0x305, RAM + 256);
    PROGRAM(&board, ADDI(A1, ZERO, 1), JALR(A1, A0, 2));
    set_reg(&board, A0, RAM);
    emu_riscv_hart_run(board.hart[0], 3);
    assert_int_equal(csr(&board, 0x342), 0);
    assert_int_equal(csr(&board, 0x343), RAM + 2);
    assert_int_equal(csr(&board, 0x341), RAM + 4);
    assert_int_equal(reg(&board, A1), 1);
    board_close(&board);
}

static void test_disassembly(void **state)
{
    (void)state;
    static const struct {
        uint32_t word;
        unsigned length;
        const char *text;
    } cases[] = {
        {0xffc58513, 4, "addi a0, a1, -4"},
        {0x00c586b3, 4, "add a3, a1, a2"},
        {0x0005b503, 4, "ld a0, 0(a1)"},
        {0xfea5bc23, 4, "sd a0, -8(a1)"},
        {0xfe000ee3, 4, "beq zero, zero, 0xffc"},
        {0x008000ef, 4, "jal ra, 0x1008"},
        {0x12345537, 4, "lui a0, 0x12345"},
        {0x30529073, 4, "csrrw zero, mtvec, t0"},
        {0xb0303573, 4, "csrrc a0, mhpmcounter3, zero"},
        {0x7c002573, 4, "csrrs a0, 0x7c0, zero"},
        {0x0ff0000f, 4, "fence iorw,iorw"},
        {0x0100000f, 4, "pause"},
        {0x00c5f553, 4, "fadd.s fa0, fa1, fa2"},
        {0x02c59553, 4, "fadd.d fa0, fa1, fa2, rtz"},
        {0x6ac5f543, 4, "fmadd.d fa0, fa1, fa2, fa3"},
        {0x08b5252f, 4, "amoswap.w a0, a1, (a0)"},
        {0x1005302f, 4, "lr.d zero, (a0)"},
        {0x60051513, 4, "clz a0, a0"},
        {0x4501, 2, "c.li a0, 0"},
        {0x8082, 2, "c.jr ra"},
        {0x6141, 2, "c.addi16sp sp, 16"},
        {0xffff4501, 2, "c.li a0, 0"},
        {0x0000, 2, ".2byte 0x0"},
        {0x0000707f, 4, ".4byte 0x707f"},
    };
    EmuRiscvIsa isa = emu_riscv_isa_full();
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        char text[80];
        assert_int_equal(emu_riscv_disassemble(&isa, 0x1000, cases[n].word, text, sizeof text),
                         cases[n].length);
        assert_string_equal(text, cases[n].text);
    }
    char small[5];
    emu_riscv_disassemble(&isa, 0, 0x00c586b3, small, sizeof small);
    assert_string_equal(small, "add ");
}

/* Of two rows that match the same words the narrower one comes first, or it would never be met. */
static void test_table_is_ordered(void **state)
{
    (void)state;
    EmuRiscvInsnInfo a, b;
    for (size_t n = 0; emu_riscv_insn_info(n, &a); n++) {
        assert_int_equal(a.match & ~a.mask, 0);
        for (size_t m = n + 1; emu_riscv_insn_info(m, &b); m++) {
            bool covered = (a.mask & ~b.mask) == 0 && ((a.match ^ b.match) & a.mask) == 0;
            bool compressed = (a.match & 3) != 3; /* these tell by fields that are zero */
            assert_true(!covered || compressed);
        }
    }
    assert_true(emu_riscv_insn_info(200, &a));
    assert_false(emu_riscv_insn_info(10000, &a));
}

static void test_csr_names(void **state)
{
    (void)state;
    char name[32];
    assert_true(emu_riscv_csr_name(0x300, name, sizeof name));
    assert_string_equal(name, "mstatus");
    assert_true(emu_riscv_csr_name(0x3bf, name, sizeof name));
    assert_string_equal(name, "pmpaddr15");
    assert_true(emu_riscv_csr_name(0xc1f, name, sizeof name));
    assert_string_equal(name, "hpmcounter31");
    assert_false(emu_riscv_csr_name(0x3c0, name, sizeof name));
    assert_false(emu_riscv_csr_name(0xfff, name, sizeof name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_without_an_extension),
        cmocka_unit_test(test_without_compressed),
        cmocka_unit_test(test_disassembly),
        cmocka_unit_test(test_table_is_ordered),
        cmocka_unit_test(test_csr_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
