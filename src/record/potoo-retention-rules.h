/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"
#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

#define POTOO_RETENTION_USUAL_PRIORITY 5

/* How long the settings want recordings kept. */
typedef struct
{
  gint64 keep_us[POTOO_SEGMENT_LOCKED]; /* by class; 0: as long as there is room */
  gint64 max_bytes;                     /* 0: no limit */
  gint64 min_us;                        /* guaranteed; no longer than keep_us */
  guint priority;                       /* 1–10 */
  gboolean condemned;                   /* all of it is to go, whatever else is said here */
} PotooRetentionRule;

/* Of all cameras; immutable, reference-counted. */
typedef struct _PotooRetentionRules PotooRetentionRules;

/* @settings: (element-type PotooCameraSettings); @condemned: (nullable): ids of removed cameras */
PotooRetentionRules *potoo_retention_rules_new (GPtrArray *settings, const char *const *condemned);
PotooRetentionRules *potoo_retention_rules_ref (PotooRetentionRules *rules);
void potoo_retention_rules_unref (PotooRetentionRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRetentionRules, potoo_retention_rules_unref)
/* Whether there is such a camera. */
gboolean potoo_retention_rules_has (PotooRetentionRules *rules, const char *camera);
/* The ids of all cameras, in no order. (transfer full) */
char **potoo_retention_rules_list (PotooRetentionRules *rules);
/* A camera that was removed has no limits and no guarantee: it goes as there is need. */
const PotooRetentionRule *potoo_retention_rules_get (PotooRetentionRules *rules,
                                                     const char *camera);

G_END_DECLS
