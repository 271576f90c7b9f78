/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

#include "config/potoo-memory-budget.h"

G_BEGIN_DECLS

/**
 * PotooConfig:
 *
 * potoo.conf, read and checked as a whole: immutable and reference-counted. Unknown or
 * duplicate groups and keys and bad values fail with POTOO_ERROR_INVALID_CONFIG
 * and the message `FILE:LINE: what is wrong, what is allowed`. A key of a feature that this
 * build does not have yet is refused unless it stands at its default. Any thread.
 */
typedef struct _PotooConfig PotooConfig;

#define POTOO_CONFIG_MAX_ROOT_PRIORITY 100

/* One `[storage-root NAME]` group. */
typedef struct
{
  char *name;                /* slug */
  char *path;                /* absolute */
  unsigned priority;         /* 0 … POTOO_CONFIG_MAX_ROOT_PRIORITY: the higher is filled first */
  gint64 max_bytes;          /* quota; 0: none */
  gint64 min_free_bytes;     /* used when min_free_percent is 0 */
  unsigned min_free_percent; /* 1 … 90 */
} PotooConfigRoot;

/* TRUE when one of the two directories lies inside the other or is it. */
gboolean potoo_config_root_overlaps (const PotooConfigRoot *a, const PotooConfigRoot *b);

typedef struct
{
  char *host;   /* IP literal, without brackets; NULL for a unix path */
  guint16 port; /* 0: any free one */
  char *path;   /* unix:/path */
} PotooListen;

/* @path: (nullable): NULL (none was named, and the default file is missing) gives
 * the defaults; a named file must exist.
 * @state_dir: absolute; the default storage root is its `recordings`. */
PotooConfig *potoo_config_load (const char *path, const char *state_dir, GError **error);
PotooConfig *potoo_config_ref (PotooConfig *config);
void potoo_config_unref (PotooConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooConfig, potoo_config_unref)

int potoo_config_get_log_level (PotooConfig *config); /* PotooLogLevel */
const PotooListen *potoo_config_get_http_listen (PotooConfig *config, unsigned *n);
/* No unix paths; none at all when RTSP is switched off. */
const PotooListen *potoo_config_get_rtsp_listen (PotooConfig *config, unsigned *n);
gint64 potoo_config_get_segment_duration_us (PotooConfig *config); /* 10 s … 1 h */
gint64 potoo_config_get_sync_interval_us (PotooConfig *config);    /* 250 ms … 60 s */
const PotooMemoryBudget *potoo_config_get_memory_budget (PotooConfig *config);
gint64 potoo_config_get_backup_interval_us (PotooConfig *config); /* of the catalog; 0: never */
gint64 potoo_config_get_verify_interval_us (PotooConfig *config); /* of all files; 0: never */
gint64 potoo_config_get_verify_bandwidth (PotooConfig *config);   /* bytes a second; 0: any */
const PotooConfigRoot *potoo_config_get_roots (PotooConfig *config, unsigned *n); /* n >= 1 */

/* What differs between @a and @b but takes effect only at the next start, as
 * a comma-separated list of `[group] key`; NULL when nothing. (transfer full) (nullable) */
char *potoo_config_describe_restart (PotooConfig *a, PotooConfig *b);

G_END_DECLS
