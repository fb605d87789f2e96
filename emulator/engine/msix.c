/* msix: MSI-X of a PCI function (PCI local bus 3.0, 6.8.2): a table of messages and their pending
 * bits in a BAR, and the capability that enables them. A message is a write to an address. */
#include "engine/internal.h"

#include <string.h>

enum {
    CAP_ID = 0x11,
    CAP_SIZE = 12,
    CAP_CONTROL = 2, /* offsets in the capability */
    CAP_TABLE = 4,
    CAP_PENDING = 8,

    CONTROL_MASK_ALL = 1 << 14,
    CONTROL_ENABLE = 1 << 15,

    ENTRY_SIZE = 16,
    ENTRY_WORDS = ENTRY_SIZE / 4,
    WORD_ADDRESS = 0, /* words of an entry */
    WORD_DATA = 2,
    WORD_CONTROL = 3,
    ENTRY_MASKED = 1,
};

struct EmuMsix {
    unsigned bar, n_vectors, capability;
    uint64_t pending_offset; /* of the pending bits, in the BAR */
    uint32_t *table;
    uint32_t *pending; /* a bit a vector, whole words of 64 */
    size_t n_pending_words;
};

void emu_pci_add_msix(EmuDevice *device, unsigned bar, unsigned n_vectors)
{
    g_assert(n_vectors >= 1 && n_vectors <= 2048 && !device->msix);
    EmuMsix *msix = device->msix = g_new0(EmuMsix, 1);
    msix->bar = bar;
    msix->n_vectors = n_vectors;
    msix->pending_offset = 2048;
    while (msix->pending_offset < (uint64_t)n_vectors * ENTRY_SIZE)
        msix->pending_offset *= 2;
    msix->n_pending_words = (n_vectors + 63) / 64 * 2;
    msix->table = g_new0(uint32_t, n_vectors * ENTRY_WORDS);
    msix->pending = g_new0(uint32_t, msix->n_pending_words);
    emu_pci_add_bar(device, bar, EMU_PCI_BAR_MEM32, false, 2 * msix->pending_offset);

    unsigned offset = msix->capability = emu_pci_add_capability(device, CAP_ID, CAP_SIZE);
    uint8_t *config = emu_pci_config(device) + offset;
    uint8_t *mask = emu_pci_write_mask(device) + offset;
    uint16_t control = (uint16_t)(n_vectors - 1), writable = CONTROL_MASK_ALL | CONTROL_ENABLE;
    uint32_t table = bar, pending = (uint32_t)msix->pending_offset | bar;
    memcpy(config + CAP_CONTROL, &control, 2);
    memcpy(config + CAP_TABLE, &table, 4);
    memcpy(config + CAP_PENDING, &pending, 4);
    memcpy(mask + CAP_CONTROL, &writable, 2);
}

void emu_msix_free(EmuMsix *msix)
{
    if (!msix)
        return;
    g_free(msix->table);
    g_free(msix->pending);
    g_free(msix);
}

void emu_msix_reset(EmuDevice *device)
{
    EmuMsix *msix = device->msix;
    memset(msix->table, 0, msix->n_vectors * ENTRY_SIZE);
    memset(msix->pending, 0, msix->n_pending_words * 4);
    for (unsigned i = 0; i < msix->n_vectors; i++)
        msix->table[i * ENTRY_WORDS + WORD_CONTROL] = ENTRY_MASKED;
}

static unsigned control_of(const EmuDevice *device)
{
    uint16_t control;
    memcpy(&control, emu_pci_config((EmuDevice *)device) + device->msix->capability + CAP_CONTROL,
           2);
    return control;
}

bool emu_pci_msix_is_enabled(const EmuDevice *device)
{
    return device->msix && (control_of(device) & CONTROL_ENABLE);
}

/* ---- messages -------------------------------------------------------------------------------- */

static uint32_t *pending_word(EmuMsix *msix, unsigned vector)
{
    return &msix->pending[vector / 32];
}

static void send_message(EmuDevice *device, unsigned vector)
{
    const uint32_t *entry = device->msix->table + vector * ENTRY_WORDS;
    uint64_t address = entry[WORD_ADDRESS] | (uint64_t)entry[WORD_ADDRESS + 1] << 32;
    if (!emu_device_write_message(device, address, entry[WORD_DATA]))
        emu_device_guest_error(device,
                               "message %u to 0x%" G_GINT64_MODIFIER "x, where nothing takes it",
                               vector, address);
}

void emu_pci_msix_notify(EmuDevice *device, unsigned vector)
{
    EmuMsix *msix = device->msix;
    if (!emu_pci_msix_is_enabled(device) || vector >= msix->n_vectors)
        return;
    if ((control_of(device) & CONTROL_MASK_ALL) ||
        (msix->table[vector * ENTRY_WORDS + WORD_CONTROL] & ENTRY_MASKED))
        *pending_word(msix, vector) |= 1u << vector % 32;
    else
        send_message(device, vector);
}

/* Masks may have gone: what waits is sent. */
static void send_pending(EmuDevice *device)
{
    EmuMsix *msix = device->msix;
    if (!emu_pci_msix_is_enabled(device) || (control_of(device) & CONTROL_MASK_ALL))
        return;
    for (unsigned vector = 0; vector < msix->n_vectors; vector++) {
        uint32_t bit = 1u << vector % 32, *word = pending_word(msix, vector);
        if ((*word & bit) && !(msix->table[vector * ENTRY_WORDS + WORD_CONTROL] & ENTRY_MASKED)) {
            *word &= ~bit;
            send_message(device, vector);
        }
    }
}

void emu_msix_config_written(EmuDevice *device)
{
    send_pending(device);
}

/* ---- the BAR --------------------------------------------------------------------------------- */

bool emu_msix_has_bar(const EmuDevice *device, unsigned bar)
{
    return device->msix && device->msix->bar == bar;
}

/* The word at an offset, NULL where there is none. */
static uint32_t *word_at(EmuMsix *msix, uint64_t offset)
{
    if (offset < (uint64_t)msix->n_vectors * ENTRY_SIZE)
        return &msix->table[offset / 4];
    uint64_t word = (offset - msix->pending_offset) / 4;
    return offset >= msix->pending_offset && word < msix->n_pending_words ? &msix->pending[word]
                                                                          : NULL;
}

static bool is_taken(EmuDevice *device, uint64_t offset, unsigned size)
{
    if ((size == 4 || size == 8) && offset % size == 0)
        return true;
    emu_device_guest_error(device, "MSI-X access of %u bytes at offset 0x%" G_GINT64_MODIFIER "x",
                           size, offset);
    return false;
}

uint64_t emu_msix_read(EmuDevice *device, uint64_t offset, unsigned size)
{
    if (!is_taken(device, offset, size))
        return 0;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i += 4) {
        const uint32_t *word = word_at(device->msix, offset + i);
        value |= (uint64_t)(word ? *word : 0) << 8 * i;
    }
    return value;
}

void emu_msix_write(EmuDevice *device, uint64_t offset, unsigned size, uint64_t value)
{
    if (!is_taken(device, offset, size))
        return;
    EmuMsix *msix = device->msix;
    for (unsigned i = 0; i < size; i += 4) {
        uint32_t *word = word_at(msix, offset + i);
        if (word && offset + i < msix->pending_offset) { /* pending bits are the device's */
            bool is_control = (offset + i) % ENTRY_SIZE == 4 * WORD_CONTROL;
            uint32_t half = (uint32_t)(value >> 8 * i);
            *word = is_control ? half & ENTRY_MASKED : half;
        }
    }
    send_pending(device);
}
