/* riscv-imsic: receivers of message-signalled interrupts (RISC-V AIA 1.0, 3). A message is the
 * number of an identity written to a page of memory; what has come, and what of it is wanted, is in
 * registers that a hart reaches by its CSRs. */
#include "driver.h"
#include "types/riscv_imsic.h"

#include <string.h>

enum { /* registers of an interrupt file (3.8, 3.9) */
       EIDELIVERY = 0x70,
       EITHRESHOLD = 0x72,
       EIP = 0x80,
       EIE = 0xc0,
       EIE_END = 0x100,

       PAGE = 0x1000,
       SETEIPNUM_LE = 0,
       MAX_BANKS = 32,
       IDENTITY_MASK = 0x7ff,
};

typedef struct File {
    uint64_t pending[MAX_BANKS], enabled[MAX_BANKS];
    uint32_t threshold;
    bool delivers;
} File;

typedef struct Imsic {
    unsigned n_files, n_banks;
    File *files;
} Imsic;

/* The pending, enabled identity of the highest priority, which is the lowest number; 0: none that
 * the threshold lets pass (3.10). */
static unsigned top_identity(const Imsic *imsic, const File *file)
{
    for (unsigned bank = 0; bank < imsic->n_banks; bank++) {
        uint64_t bits = file->pending[bank] & file->enabled[bank];
        if (bits) {
            unsigned identity = bank * 64 + (unsigned)__builtin_ctzll(bits);
            return file->threshold && identity >= file->threshold ? 0 : identity;
        }
    }
    return 0;
}

static void update(EmuDevice *device, unsigned hart)
{
    const Imsic *imsic = emu_device_state(device);
    const File *file = &imsic->files[hart];
    emu_device_set_irq(device, RISCV_IMSIC_IRQ_EXTERNAL, hart,
                       file->delivers && top_identity(imsic, file));
}

/* ---- messages (3.5) -------------------------------------------------------------------------- */

static uint64_t imsic_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)device, (void)region, (void)offset, (void)size;
    return 0;
}

static void imsic_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                        uint64_t value)
{
    (void)region, (void)size;
    Imsic *imsic = emu_device_state(device);
    uint64_t hart = offset / PAGE;
    if (offset % PAGE != SETEIPNUM_LE || value == 0 || value >= imsic->n_banks * 64) {
        emu_device_guest_error(
            device, "message 0x%" G_GINT64_MODIFIER "x at offset 0x%" G_GINT64_MODIFIER "x", value,
            offset);
        return;
    }
    imsic->files[hart].pending[value / 64] |= UINT64_C(1) << value % 64;
    update(device, (unsigned)hart);
}

/* ---- registers that a hart reaches (3.8 to 3.10) --------------------------------------------- */

static uint64_t changed(uint64_t old, const EmuFileChange *change)
{
    return (old & ~change->clear) | change->set;
}

/* A word of the arrays; NULL: past the identities there are. */
static uint64_t *word_of(const Imsic *imsic, File *file, unsigned reg)
{
    unsigned bank = reg % (EIE - EIP) / 2;
    if (bank >= imsic->n_banks)
        return NULL;
    return reg < EIE ? &file->pending[bank] : &file->enabled[bank];
}

static uint64_t access_top(const Imsic *imsic, File *file, const EmuFileChange *change)
{
    unsigned identity = top_identity(imsic, file);
    if (change && identity)
        file->pending[identity / 64] &= ~(UINT64_C(1) << identity % 64);
    return (uint64_t)identity << 16 | identity;
}

static uint64_t access_register(const Imsic *imsic, File *file, unsigned reg,
                                const EmuFileChange *change)
{
    uint64_t old = 0;
    if (reg == EMU_FILE_TOP)
        return access_top(imsic, file, change);
    if (reg == EIDELIVERY) {
        old = file->delivers;
        uint64_t wanted = change ? changed(old, change) : old;
        file->delivers = wanted > 1 ? old : wanted;
    } else if (reg == EITHRESHOLD) {
        old = file->threshold;
        if (change)
            file->threshold = changed(old, change) & (imsic->n_banks * 64 - 1);
    } else if (reg >= EIP && reg < EIE_END) {
        uint64_t *word = word_of(imsic, file, reg);
        old = word ? *word : 0;
        if (word && change) {
            uint64_t no_identity = reg == EIP || reg == EIE ? 1 : 0;
            *word = changed(old, change) & ~no_identity;
        }
    }
    return old;
}

static uint64_t imsic_file(EmuDevice *device, unsigned hart, unsigned reg,
                           const EmuFileChange *change)
{
    const Imsic *imsic = emu_device_state(device);
    if (hart >= imsic->n_files)
        return 0;
    uint64_t old = access_register(imsic, &imsic->files[hart], reg, change);
    if (change)
        update(device, hart);
    return old;
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool imsic_init(EmuDevice *device, GError **error)
{
    (void)error;
    Imsic *imsic = emu_device_state(device);
    struct riscv_imsic_props props;
    riscv_imsic_props_read(emu_device_model(device), &props);
    imsic->n_files = (unsigned)props.harts;
    imsic->n_banks = (unsigned)props.banks;
    imsic->files = g_new0(File, imsic->n_files);
    emu_device_offer_files(device, strcmp(props.level, "machine") == 0);
    return true;
}

static void imsic_reset(EmuDevice *device)
{
    Imsic *imsic = emu_device_state(device);
    memset(imsic->files, 0, imsic->n_files * sizeof(File));
    for (unsigned hart = 0; hart < imsic->n_files; hart++)
        update(device, hart);
}

static void imsic_done(EmuDevice *device)
{
    Imsic *imsic = emu_device_state(device);
    g_free(imsic->files);
}

const EmuDriver emu_driver_riscv_imsic = {
    .type = &mdl_type_riscv_imsic,
    .state_size = sizeof(Imsic),
    .init = imsic_init,
    .reset = imsic_reset,
    .done = imsic_done,
    .access_sizes = EMU_ACCESS_4,
    .read = imsic_read,
    .write = imsic_write,
    .file = imsic_file,
};
