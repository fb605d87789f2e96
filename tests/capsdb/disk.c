/* disk: see disk.h. */
#include "disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

const char *const disk_fault_names[DISK_N_FAULTS] = {"fine", "full", "I/O error",
                                                     "too many open files", "no memory"};

typedef struct Entry { /* of the log */
    enum { WRITE, TRUNCATE, SYNC, DELETE } kind;
    char *name;
    sqlite3_int64 at; /* or the new size */
    GBytes *bytes;
} Entry;

static struct {
    sqlite3_vfs vfs, *real;
    sqlite3_mem_methods memory;
    DiskFault fault;
    unsigned left; /* calls until it fails; 0: none will */
    bool stays, failed;
    GPtrArray *log; /* NULL: nobody wants one */
    bool lies;      /* syncs are not in it */
    unsigned sync_us;
} disk;

typedef struct File {
    sqlite3_file base;
    char *name;         /* without its folder */
    sqlite3_file *real; /* behind this struct */
} File;

/* ---- failing --------------------------------------------------------------------------------- */

/* True: this call, which can fail so, is to. */
static bool fails(DiskFault fault)
{
    if (disk.fault != fault || !disk.left) {
        return false;
    }
    if (disk.left > 1) {
        disk.left--;
        return false;
    }
    disk.left = disk.stays ? 1 : 0;
    disk.failed = true;
    return true;
}

void disk_fail(DiskFault fault, unsigned at, bool stays)
{
    disk.fault = fault;
    disk.left = at;
    disk.stays = stays;
    disk.failed = false;
}

bool disk_repair(void)
{
    disk.fault = DISK_FINE;
    return disk.failed;
}

static void *allocate(int size)
{
    return fails(DISK_NO_MEMORY) ? NULL : disk.memory.xMalloc(size);
}

static void *reallocate(void *memory, int size)
{
    return fails(DISK_NO_MEMORY) ? NULL : disk.memory.xRealloc(memory, size);
}

/* ---- the log --------------------------------------------------------------------------------- */

static void free_entry(gpointer data)
{
    Entry *entry = data;
    g_free(entry->name);
    g_bytes_unref(entry->bytes);
    g_free(entry);
}

static void note(int kind, const char *name, sqlite3_int64 at, const void *bytes, int size)
{
    /* The index in shared memory is made anew; it is no file of the log. */
    if (disk.log && name) {
        Entry *entry = g_new(Entry, 1);
        *entry = (Entry){kind, g_strdup(name), at, g_bytes_new(bytes, (gsize)size)};
        g_ptr_array_add(disk.log, entry);
    }
}

void disk_slow_down(unsigned us)
{
    disk.sync_us = us;
}

void disk_log_begin(void)
{
    disk.log = g_ptr_array_new_with_free_func(free_entry);
}

void disk_log_end(void)
{
    g_clear_pointer(&disk.log, g_ptr_array_unref);
}

void disk_log_ignore_syncs(bool ignored)
{
    disk.lies = ignored;
}

guint disk_log_length(void)
{
    return disk.log->len;
}

static void apply(GByteArray *content, const Entry *entry, gsize from, gsize to)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(entry->bytes, &size);

    if (entry->kind == TRUNCATE) {
        g_byte_array_set_size(content, (guint)entry->at);
    } else if (to > from) {
        gsize end = (gsize)entry->at + to, old = content->len;
        if (end > old) {
            g_byte_array_set_size(content, (guint)end);
            memset(content->data + old, 0, end - old);
        }
        memcpy(content->data + entry->at + from, bytes + from, to - from);
    }
}

/* Some of what was written and not synced: each write all, torn at a sector, or not; in any order.
 */
static void apply_unsynced(GByteArray *content, GPtrArray *pending, GRand *chance)
{
    for (guint i = pending->len; i > 1; i--) {
        guint other = (guint)g_rand_int_range(chance, 0, (gint32)i);
        gpointer kept = pending->pdata[i - 1];
        pending->pdata[i - 1] = pending->pdata[other];
        pending->pdata[other] = kept;
    }
    for (guint i = 0; i < pending->len; i++) {
        const Entry *entry = pending->pdata[i];
        gsize size = g_bytes_get_size(entry->bytes), from = 0, to = size;
        switch (g_rand_int_range(chance, 0, 4)) {
        case 0:
            continue;
        case 1:
            to = size / SECTOR
                     ? (gsize)g_rand_int_range(chance, 0, (gint32)(size / SECTOR)) * SECTOR
                     : 0;
            break;
        case 2:
            from = size / SECTOR
                       ? (gsize)g_rand_int_range(chance, 0, (gint32)(size / SECTOR)) * SECTOR
                       : 0;
            break;
        default:
            break;
        }
        apply(content, entry, from, to);
    }
}

typedef struct Left { /* of one file */
    GByteArray *content;
    GPtrArray *pending;
    bool synced;
    bool deleted; /* and the folder not synced since */
} Left;

static void free_left(gpointer data)
{
    Left *left = data;
    g_byte_array_unref(left->content);
    g_ptr_array_unref(left->pending);
    g_free(left);
}

static Left *find_left(GHashTable *files, const char *name)
{
    Left *left = g_hash_table_lookup(files, name);
    if (!left) {
        left = g_new0(Left, 1);
        left->content = g_byte_array_new();
        left->pending = g_ptr_array_new();
        g_hash_table_insert(files, g_strdup(name), left);
    }
    return left;
}

static gboolean is_deleted(gpointer name, gpointer left, gpointer context)
{
    (void)name, (void)context;
    return ((Left *)left)->deleted;
}

/* With the first sync of a new journal or log SQLite syncs the folder, and so what was deleted in
 * it (unixSync() in its os_unix.c). */
static GHashTable *follow(guint length)
{
    GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_left);

    for (guint i = 0; i < length; i++) {
        Entry *entry = disk.log->pdata[i];
        Left *left = find_left(files, entry->name);
        if (left->deleted && entry->kind != DELETE) { /* a new file of that name */
            g_hash_table_remove(files, entry->name);
            left = find_left(files, entry->name);
        }
        if (entry->kind == DELETE) {
            left->deleted = true;
        } else if (entry->kind == SYNC) {
            for (guint n = 0; n < left->pending->len; n++) {
                const Entry *done = left->pending->pdata[n];
                apply(left->content, done, 0, g_bytes_get_size(done->bytes));
            }
            g_ptr_array_set_size(left->pending, 0);
            if (!left->synced && strchr(entry->name, '-')) {
                g_hash_table_foreach_remove(files, is_deleted, NULL);
            }
            left->synced = true;
        } else {
            g_ptr_array_add(left->pending, entry);
        }
    }
    return files;
}

void disk_log_replay(guint length, const char *folder, GRand *chance)
{
    g_autoptr(GHashTable) files = follow(length);
    GHashTableIter all;
    gpointer name, value;

    g_hash_table_iter_init(&all, files);
    while (g_hash_table_iter_next(&all, &name, &value)) {
        Left *left = value;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        apply_unsynced(left->content, left->pending, chance);
        if ((left->synced && !left->deleted) || g_rand_boolean(chance)) {
            g_file_set_contents_full(path, (const char *)left->content->data,
                                     (gssize)left->content->len, G_FILE_SET_CONTENTS_NONE, 0600,
                                     NULL);
        }
    }
}

/* ---- a file ---------------------------------------------------------------------------------- */

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((File *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    int code = real_of(file)->pMethods->xClose(real_of(file));
    g_free(((File *)file)->name);
    return code;
}

static int file_read(sqlite3_file *file, void *buffer, int size, sqlite3_int64 at)
{
    return fails(DISK_IO_ERROR) ? SQLITE_IOERR_READ
                                : real_of(file)->pMethods->xRead(real_of(file), buffer, size, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    if (fails(DISK_FULL)) {
        return SQLITE_FULL;
    }
    if (fails(DISK_IO_ERROR)) {
        return SQLITE_IOERR_WRITE;
    }
    note(WRITE, ((File *)file)->name, at, bytes, size);
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (fails(DISK_IO_ERROR)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    note(TRUNCATE, ((File *)file)->name, size, NULL, 0);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (fails(DISK_IO_ERROR)) {
        return SQLITE_IOERR_FSYNC;
    }
    if (!disk.lies) {
        note(SYNC, ((File *)file)->name, 0, NULL, 0);
    }
    g_usleep(disk.sync_us);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return fails(DISK_IO_ERROR) ? SQLITE_IOERR_FSTAT
                                : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return fails(DISK_TOO_MANY_OPEN) ? SQLITE_IOERR_LOCK
                                     : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *held)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int file_control(sqlite3_file *file, int action, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), action, argument);
}

static int file_sector(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

/* None: no write is atomic, in order, or harmless to its neighbours. */
static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static int file_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    return fails(DISK_TOO_MANY_OPEN)
               ? SQLITE_IOERR_SHMOPEN
               : real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}

static int file_map_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_map_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {2,
                                           file_close,
                                           file_read,
                                           file_write,
                                           file_truncate,
                                           file_sync,
                                           file_size,
                                           file_lock,
                                           file_unlock,
                                           file_check_lock,
                                           file_control,
                                           file_sector,
                                           file_characteristics,
                                           file_map,
                                           file_map_lock,
                                           file_map_barrier,
                                           file_unmap,
                                           NULL,
                                           NULL};

/* ---- the file system ------------------------------------------------------------------------- */

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    (void)vfs;
    File *ours = (File *)file;

    file->pMethods = NULL;
    if (fails(DISK_TOO_MANY_OPEN)) {
        return SQLITE_CANTOPEN;
    }
    ours->real = (sqlite3_file *)(ours + 1);
    int code = disk.real->xOpen(disk.real, path, ours->real, flags, ret_flags);
    if (code == SQLITE_OK) {
        ours->name = path ? g_path_get_basename(path) : NULL;
        file->pMethods = &methods;
    }
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    g_autofree char *name = g_path_get_basename(path);

    if (fails(DISK_IO_ERROR)) {
        return SQLITE_IOERR_DELETE;
    }
    note(DELETE, name, 0, NULL, 0);
    return disk.real->xDelete(disk.real, path, sync_folder);
}

void disk_install(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &disk.memory);
    sqlite3_mem_methods ours = disk.memory;
    ours.xMalloc = allocate;
    ours.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* small ones are allocations too */
    sqlite3_initialize();
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "disk";
    disk.vfs.szOsFile = (int)sizeof(File) + disk.real->szOsFile;
    disk.vfs.xOpen = open_file;
    disk.vfs.xDelete = delete_file;
    sqlite3_vfs_register(&disk.vfs, 1);
}
