/* file.h - files read by mapping them, written beside their name and renamed
 * when whole: a killed run leaves nothing half-written. */
#ifndef PR_FILE_H
#define PR_FILE_H

/* A read-only mapping of a whole regular file. Immutable: any thread may read.
 * If somebody truncates the file while it is mapped, reads fault; pr_map_open
 * takes the size once, and nothing past it is ever touched. */
typedef struct {
    const uint8_t *p;
    uint64_t       n;
    char          *path;
} pr_map;
/* PARE_EINPUT if it is missing, unreadable or not a regular file. An empty file
 * gives n = 0. */
pare_status pr_map_open(pr_map *m, const char *path, pare_err *err);
void        pr_map_close(pr_map *m);
/* Tell the kernel that [off, off+n) will not be needed again soon. */
void pr_map_drop(const pr_map *m, uint64_t off, uint64_t n);

/* `bytes` of memory that lie in a file without a name beside `path`, so that the kernel can put
 * them out of memory: for what is made in one pass and written in another. Zeroed. PARE_EENV:
 * no room on the disk. Any thread may write; gone when closed, or when the process ends. */
typedef struct {
    uint8_t *p;
    uint64_t n;
} pr_spool;
pare_status pr_spool_open(pr_spool *s, const char *path, uint64_t bytes, pare_err *err);
void        pr_spool_close(pr_spool *s); /* {0} is fine */

/* Bytes in a file without a name, until they are mapped: what is too large for memory and needed by
 * this process alone. The folder's file system gives the room; nothing is left if pare is
 * killed. */
typedef struct {
    int      fd; /* -1: none */
    uint64_t n;
} pr_spill;
/* PARE_EENV: the folder cannot be written to. */
pare_status pr_spill_open(pr_spill *s, const char *dir, pare_err *err);
pare_status pr_spill_write(pr_spill *s, const void *p, size_t n, pare_err *err);
/* Map all that was written; the spill is closed either way. Close the map as any other. */
pare_status pr_spill_map(pr_spill *s, pr_map *m, pare_err *err);
void        pr_spill_close(pr_spill *s); /* throw away; one that is closed is fine */

/* The whole of a small text file, terminated, into the arena. `max`: refuse larger. */
pare_status pr_file_read(const char *path, size_t max, pr_arena *a, pr_str *out, pare_err *err);

/* A file being written: "<path>.part-<pid>" beside `path`, locked, renamed by commit. A link is
 * followed. PARE_EENV: a folder, a device or a write-protected file stands there, or another writer
 * of this name is at work. What killed writers of `path` left is removed. */
typedef struct pr_out pr_out;
pare_status pr_out_open(pr_out **out, const char *path, pare_err *err);
pare_status pr_out_write(pr_out *o, const void *p, size_t n, pare_err *err); /* buffered append */
pare_status pr_out_pwrite(pr_out *o, uint64_t off, const void *p, size_t n, pare_err *err);
uint64_t    pr_out_pos(const pr_out *o);
/* Flush, fsync, rename, fsync of the folder. `o` is freed either way. */
pare_status pr_out_commit(pr_out *o, pare_err *err);
/* Throw away what was written. NULL is fine. */
void pr_out_discard(pr_out *o);
/* Write the whole text at once, atomically. */
pare_status pr_file_write(const char *path, const void *p, size_t n, pare_err *err);

/* A folder being filled: the same, as "<path>.part-<pid>/". An empty folder of that name is
 * replaced,
 * one that holds anything is PARE_EENV. Trailing slashes are no part of the name. */
typedef struct pr_out_dir pr_out_dir;
pare_status pr_out_dir_open(pr_out_dir **out, const char *path, pare_err *err);
const char *pr_out_dir_part(const pr_out_dir *o); /* where to write; borrowed */
/* Rename. `o` is freed either way. */
pare_status pr_out_dir_commit(pr_out_dir *o, pare_err *err);
void        pr_out_dir_discard(pr_out_dir *o); /* the part and the files in it; NULL is fine */

pare_status pr_dir_make(const char *path, pare_err *err); /* and its parents; fine if there */
bool        pr_path_exists(const char *path);
bool        pr_path_is_dir(const char *path);
char       *pr_path_join(pr_arena *a, const char *dir, const char *name); /* NULL: no memory */
const char *pr_path_base(const char *path); /* after the last '/' */
/* Names in a folder, sorted bytewise, without "." and "..". */
pare_status pr_dir_list(const char *path, pr_arena *a, const char ***names, size_t *n,
                        pare_err *err);
/* Whether both name the same file or folder that is there. */
bool pr_path_same(const char *a, const char *b);
/* Make the names in the folder of `path` last; best effort: some file systems refuse. */
void pr_path_sync_folder(const char *path);
/* Remove what pr_out of processes that are no more left half-written in the folder `path`. */
pare_status pr_dir_sweep(const char *path, pr_arena *a, pare_err *err);
/* The same of one target: files and folders "<path>.part-<pid>". Best effort. */
void pr_part_sweep(const char *path);
#endif
