/* fpstate: fcsr, FS, and what the host's floating-point unit is set to while guest code runs.
 *
 * With SSE the guest's rounding mode is MXCSR's, and its flags gather there until somebody reads
 * them. The functions of the bus see the thread's own MXCSR. */
#include "internal.h"

#ifdef __SSE2__
#include <immintrin.h>

enum {
    MXCSR_IE = 1,
    MXCSR_ZE = 4,
    MXCSR_OE = 8,
    MXCSR_UE = 16,
    MXCSR_PE = 32,
    MXCSR_FLAGS = 63,
    MXCSR_MASKED = 0x1f80, /* no host exceptions; subnormals are kept */
    MXCSR_RC_SHIFT = 13,
};

static unsigned host_get(void)
{
    return _mm_getcsr();
}

static void host_set(unsigned csr)
{
    _mm_setcsr(csr);
}

static unsigned host_rounding(unsigned rm)
{
    static const uint8_t modes[] = {[RM_RNE] = 0, [RM_RTZ] = 3, [RM_RDN] = 1, [RM_RUP] = 2};
    return MXCSR_MASKED | (unsigned)modes[rm] << MXCSR_RC_SHIFT;
}

static uint8_t host_flags(unsigned csr)
{
    return (csr & MXCSR_IE ? FFLAG_NV : 0) | (csr & MXCSR_ZE ? FFLAG_DZ : 0) |
           (csr & MXCSR_OE ? FFLAG_OF : 0) | (csr & MXCSR_UE ? FFLAG_UF : 0) |
           (csr & MXCSR_PE ? FFLAG_NX : 0);
}

enum { HOST_ROUNDS = true };
#else
enum { HOST_ROUNDS = false, MXCSR_FLAGS = 63 };

static unsigned host_get(void)
{
    return 0;
}

static void host_set(unsigned csr)
{
    (void)csr;
}

static unsigned host_rounding(unsigned rm)
{
    (void)rm;
    return 0;
}

static uint8_t host_flags(unsigned csr)
{
    (void)csr;
    return 0;
}
#endif

void emu_riscv_fp_init(Hart *hart)
{
#ifdef __SSE2__
    hart->host_fma = __builtin_cpu_supports("fma");
#endif
    hart->fp_entered = false;
}

/* What the host is set to: the guest's mode, where the host has it. */
static unsigned host_mode(const Hart *hart)
{
    return hart->frm <= RM_RUP ? hart->frm : RM_RNE;
}

void emu_riscv_fp_enter(Hart *hart)
{
    hart->host_csr = host_get();
    hart->fp_entered = true;
    host_set(host_rounding(host_mode(hart)));
}

bool emu_riscv_fp_leave(Hart *hart)
{
    if (!hart->fp_entered) {
        return false;
    }
    hart->fflags |= host_flags(host_get());
    hart->fp_entered = false;
    host_set(hart->host_csr);
    return true;
}

void emu_riscv_fp_update(Hart *hart)
{
    hart->fp_on = (hart->mstatus & MSTATUS_FS) == MSTATUS_FS;
    for (unsigned rm = 0; rm < 8; rm++) {
        unsigned wanted = rm == RM_DYN ? hart->frm : rm;
        hart->fp_host[rm] =
            HOST_ROUNDS && hart->fp_on && wanted <= RM_RUP && wanted == host_mode(hart);
    }
    if (hart->fp_entered) {
        host_set(host_rounding(host_mode(hart)) | (host_get() & MXCSR_FLAGS));
    }
}

uint8_t emu_riscv_fp_flags(Hart *hart)
{
    return hart->fflags | (hart->fp_entered ? host_flags(host_get()) : 0);
}

void emu_riscv_fp_set_flags(Hart *hart, uint8_t flags)
{
    hart->fflags = flags;
    if (hart->fp_entered) {
        host_set(host_get() & ~(unsigned)MXCSR_FLAGS);
    }
}

bool emu_riscv_fp_touch(Hart *hart)
{
    if (!(hart->mstatus & MSTATUS_FS)) {
        return false;
    }
    if (!hart->fp_on) {
        hart->mstatus |= MSTATUS_FS; /* Dirty also where nothing changed: priv 3.1.6.6 allows it */
        emu_riscv_fp_update(hart);
    }
    return true;
}
