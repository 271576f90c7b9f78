/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-cache.h"

#include <glib/gstdio.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "sim/potoo-sim-encoder.h"

struct _PotooSimCache
{
  char *directory;
  GMutex lock;       /* protects loops; held while encoding */
  GHashTable *loops; /* key text → PotooSimLoop */
};

PotooSimCache *
potoo_sim_cache_new (const char *directory)
{
  PotooSimCache *cache = g_new0 (PotooSimCache, 1);

  cache->directory = g_strdup (directory);
  g_mutex_init (&cache->lock);
  cache->loops = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) potoo_sim_loop_unref);
  return cache;
}

void
potoo_sim_cache_free (PotooSimCache *cache)
{
  g_hash_table_unref (cache->loops);
  g_mutex_clear (&cache->lock);
  g_free (cache->directory);
  g_free (cache);
}

char *
potoo_sim_cache_path (PotooSimCache *cache, const PotooSimLoopParams *params)
{
  g_autofree char *key = potoo_sim_loop_params_key (params);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);
  g_autofree char *name = g_strdup_printf ("%.32s.loop", digest);

  return g_build_filename (cache->directory, name, NULL);
}

static PotooSimLoop *
load (const char *path, const PotooSimLoopParams *params)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);

  if (file == NULL)
    return NULL;
  g_autoptr (GBytes) bytes = g_mapped_file_get_bytes (file);
  PotooSimLoop *loop = potoo_sim_loop_parse (bytes, params, &error);
  if (loop == NULL)
    potoo_log_warning (NULL, "Encoding %s again: %s", path, error->message);
  return loop;
}

/* g_file_set_contents() writes beside and renames. */
static void
save (PotooSimCache *cache, const char *path, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  g_mkdir_with_parents (cache->directory, 0700);
  if (!g_file_set_contents (path, data, (gssize) size, &error))
    potoo_log_warning (NULL, "Cannot keep the encoded loop, it is encoded again next time: %s",
                       error->message);
}

static PotooSimLoop *
encode (PotooSimCache *cache, const char *path, const PotooSimLoopParams *params, GError **error)
{
  gint64 start_us = potoo_clock_mono_us ();
  g_autoptr (GBytes) bytes = potoo_sim_encode (params, error);

  if (bytes == NULL)
    return NULL;
  g_autofree char *key = potoo_sim_loop_params_key (params);
  potoo_log_info (NULL, "Encoded a loop (%s) of %" G_GSIZE_FORMAT " bytes in %.1f s", key,
                  g_bytes_get_size (bytes),
                  (double) (potoo_clock_mono_us () - start_us) / (double) POTOO_SECOND_US);
  save (cache, path, bytes);
  PotooSimLoop *loop = load (path, params);
  return loop != NULL ? loop : potoo_sim_loop_parse (bytes, params, error);
}

PotooSimLoop *
potoo_sim_cache_get (PotooSimCache *cache, const PotooSimLoopParams *params, GError **error)
{
  g_autofree char *key = potoo_sim_loop_params_key (params);
  g_autofree char *path = potoo_sim_cache_path (cache, params);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&cache->lock);
  PotooSimLoop *loop = g_hash_table_lookup (cache->loops, key);

  if (loop != NULL)
    return potoo_sim_loop_ref (loop);
  loop = load (path, params);
  if (loop == NULL)
    loop = encode (cache, path, params, error);
  if (loop != NULL)
    g_hash_table_insert (cache->loops, g_steal_pointer (&key), potoo_sim_loop_ref (loop));
  return loop;
}
