/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-retention-rules.h"

#include "base/potoo-clock.h"

struct _PotooRetentionRules
{
  gatomicrefcount ref_count;
  GHashTable *cameras;   /* id → PotooRetentionRule */
  GHashTable *condemned; /* set of ids, of removed cameras */
};

static const PotooRetentionRule removed_rule = { .priority = POTOO_RETENTION_USUAL_PRIORITY };
static const PotooRetentionRule condemned_rule = { .priority = POTOO_RETENTION_USUAL_PRIORITY,
                                                   .condemned = TRUE };

static void
add (PotooRetentionRules *rules, PotooCameraSettings *settings)
{
  PotooRetentionRule *rule = g_new0 (PotooRetentionRule, 1);

  rule->keep_us[POTOO_SEGMENT_CONTINUOUS] = potoo_camera_settings_get_keep_continuous_days (
                                                settings) *
                                            POTOO_DAY_US;
  rule->keep_us[POTOO_SEGMENT_EVENT] = potoo_camera_settings_get_keep_event_days (settings) *
                                       POTOO_DAY_US;
  rule->max_bytes = potoo_camera_settings_get_max_bytes (settings);
  rule->min_us = potoo_camera_settings_get_min_days (settings) * POTOO_DAY_US;
  rule->priority = potoo_camera_settings_get_priority (settings);
  g_hash_table_replace (rules->cameras, g_strdup (potoo_camera_settings_get_id (settings)), rule);
}

PotooRetentionRules *
potoo_retention_rules_new (GPtrArray *settings, const char *const *condemned)
{
  PotooRetentionRules *rules = g_new0 (PotooRetentionRules, 1);

  g_atomic_ref_count_init (&rules->ref_count);
  rules->cameras = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rules->condemned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (; condemned != NULL && *condemned != NULL; condemned++)
    g_hash_table_add (rules->condemned, g_strdup (*condemned));
  for (guint i = 0; i < settings->len; i++)
    add (rules, settings->pdata[i]);
  return rules;
}

PotooRetentionRules *
potoo_retention_rules_ref (PotooRetentionRules *rules)
{
  g_atomic_ref_count_inc (&rules->ref_count);
  return rules;
}

void
potoo_retention_rules_unref (PotooRetentionRules *rules)
{
  if (!g_atomic_ref_count_dec (&rules->ref_count))
    return;
  g_hash_table_unref (rules->cameras);
  g_hash_table_unref (rules->condemned);
  g_free (rules);
}

gboolean
potoo_retention_rules_has (PotooRetentionRules *rules, const char *camera)
{
  return g_hash_table_contains (rules->cameras, camera);
}

char **
potoo_retention_rules_list (PotooRetentionRules *rules)
{
  char **ids = (char **) g_hash_table_get_keys_as_array (rules->cameras, NULL);

  for (char **id = ids; *id != NULL; id++)
    *id = g_strdup (*id);
  return ids;
}

/* A camera that there is keeps what it records, whatever became of an earlier one of its name. */
const PotooRetentionRule *
potoo_retention_rules_get (PotooRetentionRules *rules, const char *camera)
{
  const PotooRetentionRule *rule = g_hash_table_lookup (rules->cameras, camera);

  if (rule != NULL)
    return rule;
  return g_hash_table_contains (rules->condemned, camera) ? &condemned_rule : &removed_rule;
}
