/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * When passes run, and what is known between them. Whoever wants one, in whatever thread, names a
 * time; main has one timer, for the earliest.
 */

#include "record/potoo-retention.h"

#include "base/potoo-clock.h"
#include "base/potoo-main.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-retention-private.h"

#define CLOCK_STORE_US (POTOO_RETENTION_DOUBT_US)
#define CONDEMNED_KEY "condemned-cameras" /* ids, between `;` */
/* A removed camera's last segment may be under way for this long, and so may its removal. */
#define CONDEMNED_LINGER_US (60 * POTOO_SECOND_US)
/* How often guarantees are looked at while there is no other reason for a pass. */
#define CHECK_DELAY_US (10 * 60 * POTOO_SECOND_US)

enum
{
  SIGNAL_GUARANTEE_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (PotooRetention, potoo_retention, G_TYPE_OBJECT)

static void
news_free (gpointer data)
{
  PotooRetentionNews *news = data;

  g_free (news->camera);
  g_free (news);
}

/* --- the condemned --- */

typedef struct
{
  gint64 since_us; /* monotonic */
  guint claims;    /* how many asked for it and have not taken it back */
} Condemned;

static void
condemn_locked (PotooRetention *self, const char *camera, gint64 since_us)
{
  const Condemned *before = g_hash_table_lookup (self->condemned, camera);
  const Condemned condemned = { since_us, before != NULL ? before->claims + 1 : 1 };

  g_hash_table_replace (self->condemned, g_strdup (camera),
                        g_memdup2 (&condemned, sizeof condemned));
}

static char **
list_condemned_locked (PotooRetention *self)
{
  char **ids = (char **) g_hash_table_get_keys_as_array (self->condemned, NULL);
  for (char **id = ids; *id != NULL; id++)
    *id = g_strdup (*id);
  return ids;
}

static void
make_rules_locked (PotooRetention *self)
{
  g_auto (GStrv) condemned = list_condemned_locked (self);

  g_clear_pointer (&self->rules, potoo_retention_rules_unref);
  self->rules = potoo_retention_rules_new (self->settings, (const char *const *) condemned);
  self->checked_at_us = 0;
}

/* Posted in order with whatever removes the camera, so both are durable or none. */
static void
store_condemned_locked (PotooRetention *self)
{
  g_auto (GStrv) ids = list_condemned_locked (self);
  g_autofree char *text = g_strjoinv (";", ids);

  potoo_catalog_put_setting (self->catalog, CONDEMNED_KEY, text);
  make_rules_locked (self);
}

static gboolean
load_condemned (PotooRetention *self, PotooCatalogReader *reader, GError **error)
{
  GError *failure = NULL;
  g_autofree char *text = potoo_catalog_reader_get_setting (reader, CONDEMNED_KEY, &failure);
  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  g_auto (GStrv) ids = g_strsplit (text != NULL ? text : "", ";", -1);
  for (char **id = ids; *id != NULL; id++)
    if (potoo_slug_is_valid (*id))
      condemn_locked (self, *id, 0); /* long ago */
  return TRUE;
}

static gboolean
load (PotooRetention *self, GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (self->catalog, error);

  if (reader == NULL || !load_condemned (self, reader, error) ||
      !potoo_retention_clock_load (&self->clock, reader, error))
    return FALSE;
  self->clock_stored_us = self->clock.wall_us;
  return TRUE;
}

void
potoo_retention_condemn (PotooRetention *self, const char *camera)
{
  g_return_if_fail (POTOO_IS_RETENTION (self) && potoo_slug_is_valid (camera));

  g_mutex_lock (&self->lock);
  condemn_locked (self, camera, potoo_clock_mono_us ());
  store_condemned_locked (self);
  g_mutex_unlock (&self->lock);
}

void
potoo_retention_take_back (PotooRetention *self, const char *camera)
{
  g_return_if_fail (POTOO_IS_RETENTION (self) && camera != NULL);

  g_mutex_lock (&self->lock);
  Condemned *condemned = g_hash_table_lookup (self->condemned, camera);
  if (condemned != NULL && --condemned->claims == 0)
    {
      g_hash_table_remove (self->condemned, camera);
      store_condemned_locked (self);
    }
  g_mutex_unlock (&self->lock);
}

void
potoo_retention_spare (PotooRetention *self, const char *camera)
{
  g_return_if_fail (POTOO_IS_RETENTION (self) && camera != NULL);

  g_mutex_lock (&self->lock);
  if (g_hash_table_remove (self->condemned, camera))
    store_condemned_locked (self);
  g_mutex_unlock (&self->lock);
}

/* Not what is being deleted: that is gone when what is posted after it is done. */
static gboolean
has_segments (GArray *totals, const char *camera)
{
  gint64 n = 0;

  for (guint i = 0; i < totals->len; i++)
    {
      const PotooStreamTotals *row = &g_array_index (totals, PotooStreamTotals, i);
      for (guint class = 0; class < POTOO_SEGMENT_N_CLASSES && g_str_equal (row->camera, camera);
           class ++)
        n += row->totals.kept[class].segments;
    }
  return n > 0;
}

void
potoo_retention_release_gone (PotooRetention *self, GArray *totals)
{
  gint64 now_us = potoo_clock_mono_us ();
  GHashTableIter iter;
  gpointer camera, condemned;
  gboolean changed = FALSE, waits = FALSE;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->condemned);
  while (g_hash_table_iter_next (&iter, &camera, &condemned))
    {
      gboolean is_there = potoo_retention_rules_has (self->rules, camera);
      if (has_segments (totals, camera) && !is_there)
        continue;
      if (!is_there)
        potoo_catalog_forget_camera (self->catalog, camera);
      if (now_us - ((const Condemned *) condemned)->since_us < CONDEMNED_LINGER_US)
        waits = TRUE;
      else
        {
          g_hash_table_iter_remove (&iter);
          changed = TRUE;
        }
    }
  if (changed)
    store_condemned_locked (self);
  g_mutex_unlock (&self->lock);
  if (waits)
    potoo_retention_schedule (self, CONDEMNED_LINGER_US);
}

/* --- when; main thread --- */

static gboolean
on_timer (gpointer user_data)
{
  PotooRetention *self = user_data;

  self->timer = 0;
  potoo_retention_wake (self);
  return G_SOURCE_REMOVE;
}

static gboolean
arm (gpointer user_data)
{
  PotooRetention *self = user_data;

  g_mutex_lock (&self->lock);
  gint64 due_us = self->wanted_due_us;
  self->wanted_due_us = 0;
  g_mutex_unlock (&self->lock);
  if (self->eviction == NULL || (self->timer != 0 && self->timer_due_us <= due_us))
    return G_SOURCE_REMOVE;
  gint64 delay_us = MAX (due_us - potoo_clock_mono_us (), 0);
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer_due_us = due_us;
  self->timer = g_timeout_add_seconds ((guint) (delay_us / POTOO_SECOND_US) + 1, on_timer, self);
  return G_SOURCE_REMOVE;
}

static gboolean
emit_news (gpointer user_data)
{
  PotooRetention *self = user_data;
  PotooRetentionNews *news;

  do
    {
      g_mutex_lock (&self->lock);
      news = g_queue_pop_head (&self->told);
      g_mutex_unlock (&self->lock);
      if (news != NULL)
        {
          g_signal_emit (self, signals[SIGNAL_GUARANTEE_CHANGED], 0, news->camera, news->breaks_us);
          news_free (news);
        }
    }
  while (news != NULL);
  return G_SOURCE_REMOVE;
}

void
potoo_retention_set_cameras (PotooRetention *self, GPtrArray *settings)
{
  g_return_if_fail (POTOO_IS_RETENTION (self));

  g_mutex_lock (&self->lock);
  g_ptr_array_unref (self->settings);
  self->settings = g_ptr_array_ref (settings);
  self->told_cameras = TRUE;
  make_rules_locked (self);
  g_mutex_unlock (&self->lock);
  potoo_retention_wake (self);
}

PotooEviction *
potoo_retention_get_eviction (PotooRetention *self)
{
  return self->eviction;
}

/* --- any thread --- */

gint64
potoo_retention_get_time (PotooRetention *self)
{
  g_mutex_lock (&self->lock);
  gint64 now_us = potoo_retention_clock_read (&self->clock, potoo_clock_wall_us (),
                                              potoo_clock_mono_us ());
  gboolean store = self->clock.doubted_since_us == 0 &&
                   ABS (now_us - self->clock_stored_us) >= CLOCK_STORE_US;
  if (store)
    self->clock_stored_us = now_us;
  g_mutex_unlock (&self->lock);
  if (store)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, now_us);
      potoo_catalog_put_setting (self->catalog, POTOO_RETENTION_CLOCK_SETTING, text);
    }
  return now_us;
}

void
potoo_retention_schedule (PotooRetention *self, gint64 delay_us)
{
  gint64 due_us = potoo_clock_mono_us () + delay_us;

  g_mutex_lock (&self->lock);
  gboolean post = self->wanted_due_us == 0;
  if (post || due_us < self->wanted_due_us)
    self->wanted_due_us = due_us;
  g_mutex_unlock (&self->lock);
  if (post)
    potoo_main_post (arm, self);
}

void
potoo_retention_tell (PotooRetention *self, const char *camera, gint64 breaks_us)
{
  PotooRetentionNews *news = g_new0 (PotooRetentionNews, 1);

  news->camera = g_strdup (camera);
  news->breaks_us = breaks_us;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->told, news);
  g_mutex_unlock (&self->lock);
  potoo_main_post (emit_news, self);
}

PotooRetentionRules *
potoo_retention_ref_rules (PotooRetention *self)
{
  g_mutex_lock (&self->lock);
  PotooRetentionRules *rules = potoo_retention_rules_ref (self->rules);
  g_mutex_unlock (&self->lock);
  return rules;
}

void
potoo_retention_wake (PotooRetention *self)
{
  g_autoptr (PotooEviction) eviction = NULL;

  g_return_if_fail (POTOO_IS_RETENTION (self));

  g_mutex_lock (&self->lock);
  if (self->told_cameras)
    g_set_object (&eviction, self->eviction);
  g_mutex_unlock (&self->lock);
  if (eviction != NULL)
    potoo_eviction_wake (eviction);
}

void
potoo_retention_note_segment (PotooRetention *self, const PotooSegment *segment)
{
  g_autoptr (PotooRetentionRules) rules = potoo_retention_ref_rules (self);
  const PotooRetentionRule *rule = potoo_retention_rules_get (rules, segment->camera);

  if (rule->max_bytes > 0 || rule->condemned)
    potoo_retention_wake (self);
  else if (rule->min_us > 0)
    potoo_retention_schedule (self, CHECK_DELAY_US);
}

PotooStorageReport *
potoo_retention_report (PotooRetention *self, PotooCatalogReader *reader, GError **error)
{
  g_return_val_if_fail (POTOO_IS_RETENTION (self), NULL);

  g_autoptr (PotooRetentionRules) rules = potoo_retention_ref_rules (self);
  return potoo_storage_report_new (reader, rules, potoo_recorder_list_roots (self->recorder),
                                   potoo_clock_wall_us (), error);
}

/* --- life --- */

static void
root_clear (gpointer data)
{
  PotooRetentionRoot *root = data;

  potoo_storage_root_unref (root->root);
  potoo_metric_unref (root->short_bytes);
}

static void
potoo_retention_finalize (GObject *object)
{
  PotooRetention *self = POTOO_RETENTION (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_queue_clear_full (&self->told, news_free);
  g_hash_table_unref (self->breaks);
  g_clear_pointer (&self->rules, potoo_retention_rules_unref);
  g_hash_table_unref (self->condemned);
  g_ptr_array_unref (self->settings);
  g_array_unref (self->roots);
  potoo_metric_unref (self->breaking);
  g_clear_object (&self->eviction);
  g_clear_object (&self->recorder);
  g_clear_object (&self->catalog);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (potoo_retention_parent_class)->finalize (object);
}

static void
potoo_retention_class_init (PotooRetentionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_retention_finalize;
  signals[SIGNAL_GUARANTEE_CHANGED] = g_signal_new ("guarantee-changed", POTOO_TYPE_RETENTION,
                                                    G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                                    G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_INT64);
}

static void
potoo_retention_init (PotooRetention *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->told);
  self->roots = g_array_new (FALSE, TRUE, sizeof (PotooRetentionRoot));
  g_array_set_clear_func (self->roots, root_clear);
  self->settings = g_ptr_array_new ();
  self->condemned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->breaks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->breaking = potoo_metric_new_gauge (
      "potoo_guarantees_breaking", "Cameras whose guaranteed days will not fit, by the forecast",
      NULL);
}

static void
add_root (PotooRetention *self, PotooStorageRoot *root)
{
  PotooRetentionRoot added = { .root = potoo_storage_root_ref (root) };

  added.short_bytes = potoo_metric_new_gauge (
      "potoo_retention_short_bytes", "Bytes that are lacking and that nothing may be deleted for",
      "root", potoo_storage_root_get_name (root), NULL);
  g_array_append_val (self->roots, added);
}

PotooRetention *
potoo_retention_new (PotooCatalog *catalog,
                     PotooRecorder *recorder,
                     GPtrArray *roots,
                     GError **error)
{
  g_autoptr (PotooRetention) self = g_object_new (POTOO_TYPE_RETENTION, NULL);

  self->catalog = g_object_ref (catalog);
  self->recorder = g_object_ref (recorder);
  for (guint i = 0; i < roots->len; i++)
    add_root (self, roots->pdata[i]);
  if (!load (self, error))
    return NULL;
  make_rules_locked (self);
  self->eviction = potoo_eviction_new (catalog, roots);
  /* Which stop() parts again. */
  potoo_eviction_set_pass_func (self->eviction, potoo_retention_pass, g_object_ref (self),
                                g_object_unref);
  return g_steal_pointer (&self);
}

void
potoo_retention_stop (PotooRetention *self, gint64 timeout_us)
{
  g_return_if_fail (POTOO_IS_RETENTION (self));

  g_clear_handle_id (&self->timer, g_source_remove);
  g_mutex_lock (&self->lock);
  g_autoptr (PotooEviction) eviction = g_steal_pointer (&self->eviction);
  g_mutex_unlock (&self->lock);
  if (eviction != NULL)
    potoo_eviction_stop (eviction, timeout_us);
}
