/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "config/potoo-config.h"

G_BEGIN_DECLS

struct _PotooConfig
{
  gatomicrefcount ref_count;
  int log_level;
  GArray *http_listen; /* PotooListen */
  GArray *rtsp_listen; /* as that */
  gint64 segment_duration_us;
  gint64 sync_interval_us;
  gint64 memory, pre_roll_memory; /* as they are set */
  PotooMemoryBudget memory_budget;
  gint64 backup_interval_us, verify_interval_us; /* 0: never */
  gint64 verify_bandwidth;                       /* bytes a second; 0: any */
  GArray *roots;                                 /* PotooConfigRoot */
};

/* --- potoo-config-keys.c: all keys but those of storage roots --- */

void potoo_config_set_defaults (PotooConfig *config);
gboolean potoo_config_has_group (const char *group);
/* The error's message is without the place. */
gboolean potoo_config_set (PotooConfig *config,
                           const char *group,
                           const char *key,
                           const char *value,
                           GError **error);

/* `[GROUP NAME] KEY` behind the others in @changes; @name: may be empty */
void
potoo_config_append_change (GString *changes, const char *group, const char *name, const char *key);
/* All that @a and @b differ in, and that takes effect at the next start. */
void potoo_config_append_changes (GString *changes, PotooConfig *a, PotooConfig *b);

/* --- potoo-config-scan.c: the place of everything in the file --- */

typedef struct
{
  char *group;
  char *key; /* NULL: the line that opens the group */
  guint line;
} PotooConfigEntry;

/* Reads the whole of @path: a regular file of at most 1 MiB of UTF-8 text. (transfer full) */
char *potoo_config_read_file (const char *path, gsize *length, GError **error);

/* All groups and keys of @text in their order; a line that is none of them, and
 * whatever comes twice, is an error. @file is its name for messages.
 * (transfer full) (element-type PotooConfigEntry) */
GPtrArray *potoo_config_scan (const char *file, const char *text, GError **error);

/* --- potoo-config-values.c: the grammars of single values --- */

#define POTOO_CONFIG_MAX_LISTEN 16
#define POTOO_CONFIG_MAX_ROOTS 64

gboolean potoo_listen_equal (const PotooListen *a, const PotooListen *b);

/* A `;`-list of at least one address; only of loopback ones until there is authentication. The
 * error's message says what is wrong, without the place. (transfer full)
 * (element-type PotooListen) */
GArray *potoo_listen_parse_list (const char *text, GError **error);

gboolean potoo_config_parse_log_level (const char *text, int *level, GError **error);
gboolean potoo_config_parse_duration (const char *text,
                                      gint64 min_us,
                                      gint64 max_us,
                                      gint64 *value_us,
                                      GError **error);

/* How often something is done: 10 s to 365 d, or 0: never. */
gboolean potoo_config_parse_interval (const char *text, gint64 *value_us, GError **error);
/* Bytes, of the whole process at least POTOO_MEMORY_MIN_BYTES, or POTOO_MEMORY_AUTO. */
gboolean potoo_config_parse_budget (const char *text, gint64 *value, GError **error);
gboolean potoo_config_parse_memory (const char *text, gint64 *value, GError **error);
/* Bytes a second: at least 1 MB, or 0: as much as there is. */
gboolean potoo_config_parse_bandwidth (const char *text, gint64 *value, GError **error);

/* --- potoo-config-roots.c --- */

void potoo_config_root_clear (PotooConfigRoot *root);

/* `path`, `priority`, `max-bytes` or `min-free` of one root. */
gboolean
potoo_config_root_set (PotooConfigRoot *root, const char *key, const char *value, GError **error);

/* Whether the quota holds at least one segment. The error's message is without the place. */
gboolean potoo_config_root_check_quota (const PotooConfigRoot *root,
                                        gint64 segment_duration_us,
                                        GError **error);

G_END_DECLS
