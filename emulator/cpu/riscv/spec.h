/* spec: numbers that the privileged specification gives: causes, fields of CSRs and PTEs. */
#ifndef VITRINE_EMULATOR_CPU_RISCV_SPEC_H
#define VITRINE_EMULATOR_CPU_RISCV_SPEC_H

#include <stdint.h>

enum { PRIV_U = 0, PRIV_S = 1, PRIV_M = 3 };

/* priv 3.1.15, table 3.6 */
enum {
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_ECALL_U = 8,
    CAUSE_ECALL_S = 9,
    CAUSE_ECALL_M = 11,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
};
#define CAUSE_INTERRUPT (UINT64_C(1) << 63)

enum { IRQ_SS = 1, IRQ_MS = 3, IRQ_ST = 5, IRQ_MT = 7, IRQ_SE = 9, IRQ_ME = 11 };
#define IRQ_BIT(irq) (UINT64_C(1) << (irq))
#define IRQ_S_BITS   (IRQ_BIT(IRQ_SS) | IRQ_BIT(IRQ_ST) | IRQ_BIT(IRQ_SE))
#define IRQ_M_BITS   (IRQ_BIT(IRQ_MS) | IRQ_BIT(IRQ_MT) | IRQ_BIT(IRQ_ME))

/* priv 3.1.6 */
#define MSTATUS_SIE  (UINT64_C(1) << 1)
#define MSTATUS_MIE  (UINT64_C(1) << 3)
#define MSTATUS_SPIE (UINT64_C(1) << 5)
#define MSTATUS_MPIE (UINT64_C(1) << 7)
#define MSTATUS_SPP  (UINT64_C(1) << 8)
#define MSTATUS_MPP  (UINT64_C(3) << 11)
#define MSTATUS_FS   (UINT64_C(3) << 13)
#define MSTATUS_MPRV (UINT64_C(1) << 17)
#define MSTATUS_SUM  (UINT64_C(1) << 18)
#define MSTATUS_MXR  (UINT64_C(1) << 19)
#define MSTATUS_TVM  (UINT64_C(1) << 20)
#define MSTATUS_TW   (UINT64_C(1) << 21)
#define MSTATUS_TSR  (UINT64_C(1) << 22)
#define MSTATUS_UXL  (UINT64_C(2) << 32) /* 64 bits: read-only */
#define MSTATUS_SXL  (UINT64_C(2) << 34)
#define MSTATUS_SD   (UINT64_C(1) << 63)
#define MPP_SHIFT    11

/* priv 3.1.18, Sstc, Svadu, Svpbmt, Zicbom, Zicboz */
#define ENVCFG_FIOM  (UINT64_C(1) << 0)
#define ENVCFG_CBIE  (UINT64_C(3) << 4)
#define ENVCFG_CBCFE (UINT64_C(1) << 6)
#define ENVCFG_CBZE  (UINT64_C(1) << 7)
#define ENVCFG_ADUE  (UINT64_C(1) << 61)
#define ENVCFG_PBMTE (UINT64_C(1) << 62)
#define ENVCFG_STCE  (UINT64_C(1) << 63)

/* priv 4.1.11 */
enum { SATP_BARE = 0, SATP_SV39 = 8, SATP_SV48 = 9, SATP_SV57 = 10 };
#define SATP_MODE_SHIFT 60
#define SATP_PPN        ((UINT64_C(1) << 44) - 1)

/* priv 4.3.1, 4.4.1 */
#define PTE_V    (UINT64_C(1) << 0)
#define PTE_R    (UINT64_C(1) << 1)
#define PTE_W    (UINT64_C(1) << 2)
#define PTE_X    (UINT64_C(1) << 3)
#define PTE_U    (UINT64_C(1) << 4)
#define PTE_A    (UINT64_C(1) << 6)
#define PTE_D    (UINT64_C(1) << 7)
#define PTE_PPN  (((UINT64_C(1) << 44) - 1) << 10)
#define PTE_RSVD (UINT64_C(0x7f) << 54)
#define PTE_PBMT (UINT64_C(3) << 61)
#define PTE_N    (UINT64_C(1) << 63)

/* priv 3.7.1 */
enum { PMP_R = 1, PMP_W = 2, PMP_X = 4, PMP_A = 0x18, PMP_L = 0x80 };
enum { PMP_OFF = 0, PMP_TOR = 0x08, PMP_NA4 = 0x10, PMP_NAPOT = 0x18 };

/* unpriv 11.2 */
enum { FFLAG_NX = 1, FFLAG_UF = 2, FFLAG_OF = 4, FFLAG_DZ = 8, FFLAG_NV = 16 };
enum { RM_RNE = 0, RM_RTZ = 1, RM_RDN = 2, RM_RUP = 3, RM_RMM = 4, RM_DYN = 7 };

/* CSRs that code names (the list of all is csrs.def). */
enum {
    CSR_TIME = 0xc01,
    CSR_MIP = 0x344,
    CSR_SIP = 0x144,
    CSR_SATP = 0x180,
    CSR_STIMECMP = 0x14d,
    CSR_SIREG = 0x151,
    CSR_STOPEI = 0x15c,
    CSR_MIREG = 0x351,
    CSR_MTOPEI = 0x35c,
};

#endif
