/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-root-care.h"

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

gint64 potoo_probe_us = 5 * POTOO_SECOND_US;

struct _PotooRootCare
{
  PotooStorageRoot *root;
  PotooCatalog *catalog;
  gboolean recovered;  /* since it was attached */
  guint unreadable;    /* what could not be looked at then */
  gint64 looked_at_us; /* monotonic */
  GPtrArray *metrics;  /* of the last recovery */
};

PotooRootCare *
potoo_root_care_new (PotooStorageRoot *root, PotooCatalog *catalog)
{
  PotooRootCare *care = g_new0 (PotooRootCare, 1);

  care->root = potoo_storage_root_ref (root);
  care->catalog = g_object_ref (catalog);
  care->metrics = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_metric_unref);
  return care;
}

void
potoo_root_care_free (PotooRootCare *care)
{
  g_ptr_array_unref (care->metrics);
  potoo_storage_root_unref (care->root);
  g_object_unref (care->catalog);
  g_free (care);
}

static void
publish (PotooRootCare *care, const PotooRecoveryReport *report)
{
  const char *name = potoo_storage_root_get_name (care->root);
  const struct
  {
    const char *outcome;
    guint n;
  } rows[] = {
    { "repaired", report->repaired },     { "damaged", report->damaged },
    { "dropped", report->dropped },       { "deleted", report->deleted },
    { "adopted", report->adopted },       { "foreign", report->foreign },
    { "unreadable", report->unreadable },
  };

  g_ptr_array_set_size (care->metrics, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      PotooMetric *metric = potoo_metric_new_gauge (
          "potoo_recovery_files",
          "Files and rows that were dealt with when the root was brought up last", "root", name,
          "outcome", rows[i].outcome, NULL);
      potoo_metric_set (metric, rows[i].n);
      g_ptr_array_add (care->metrics, metric);
    }
  PotooMetric *cut = potoo_metric_new_gauge (
      "potoo_recovery_cut_bytes", "Bytes of torn fragments cut when the root was brought up last",
      "root", name, NULL);
  potoo_metric_set (cut, report->cut_bytes);
  g_ptr_array_add (care->metrics, cut);
}

gboolean
potoo_root_care_bring_up (PotooRootCare *care, PotooRecoveryReport *all, GError **error)
{
  g_auto (PotooRecoveryReport) report = { 0 };
  g_autoptr (GError) local = NULL;

  care->looked_at_us = potoo_clock_mono_us ();
  if (!potoo_storage_root_is_attached (care->root))
    {
      care->recovered = FALSE;
      if (!potoo_storage_root_attach (care->root, &local))
        {
          if (!g_error_matches (local, POTOO_ERROR, POTOO_ERROR_BUSY))
            return TRUE;
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  if (!potoo_storage_root_probe (care->root))
    return TRUE;
  if (!care->recovered)
    {
      potoo_recovery_report_init_part (&report, all);
      if (!potoo_recovery_run (care->root, care->catalog, &report, error))
        return FALSE;
      publish (care, &report);
      care->unreadable = report.unreadable;
      potoo_storage_root_read_used (care->root);
      potoo_storage_root_measure (care->root, TRUE);
      care->recovered = TRUE;
    }
  potoo_storage_root_set_ok (care->root);
  return TRUE;
}

gboolean
potoo_root_care_knows_files (PotooRootCare *care)
{
  return care->recovered && care->unreadable == 0 && potoo_storage_root_is_attached (care->root);
}

gint64
potoo_root_care_get_due_us (PotooRootCare *care)
{
  if (potoo_storage_root_get_state (care->root) == POTOO_ROOT_OK)
    return 0;
  return care->looked_at_us + potoo_probe_us;
}

void
potoo_root_care_look (PotooRootCare *care)
{
  g_auto (PotooRecoveryReport) report = { 0 };
  g_autoptr (GError) error = NULL;

  if (potoo_storage_root_is_lost (care->root) && potoo_storage_root_is_attached (care->root))
    {
      potoo_storage_root_detach (care->root);
      /* What it was is told; what is there now is found out at the next look. */
      care->looked_at_us = potoo_clock_mono_us ();
      return;
    }
  gint64 due_us = potoo_root_care_get_due_us (care);
  if (due_us == 0 || potoo_clock_mono_us () < due_us)
    return;
  potoo_recovery_report_init (&report, NULL);
  /* That it is in use elsewhere is its state. */
  if (!potoo_root_care_bring_up (care, &report, &error) &&
      !g_error_matches (error, POTOO_ERROR, POTOO_ERROR_BUSY))
    potoo_log_error (NULL, "Storage root %s: %s", potoo_storage_root_get_name (care->root),
                     error->message);
}
