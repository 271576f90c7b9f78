/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `pass` is the one that runs, or the last one, which is kept for its report. */

#include "record/potoo-verifier.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog-restore.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-background.h"
#include "record/potoo-storage-root.h"
#include "record/potoo-verify.h"

#define SETTING "verified"

struct _PotooVerifier
{
  gatomicrefcount ref_count;
  PotooCatalog *catalog;
  PotooRecorder *recorder;
  gint64 bandwidth;
  PotooMetric *is_running, *segments, *bytes, *passes;
  PotooMetric *problems[POTOO_VERIFY_N_PROBLEMS];

  GMutex lock; /* protects what follows; the report's own lock is taken under it */
  GCond ended;
  PotooVerify *pass; /* (nullable) */
  gboolean running, rebuild, closed;
  gboolean incomplete; /* the catalog does not know all files … */
  gboolean left_gap;   /* … or a gap went on over what the last pass found recorded */
  gint64 last_us, next_us;
};

static void
make_metrics (PotooVerifier *self)
{
  self->is_running = potoo_metric_new_gauge (
      "potoo_verify_running", "1 while recordings are compared with the catalog", NULL);
  self->passes = potoo_metric_new_counter ("potoo_verify_passes_total",
                                           "Verifications that came to their end", NULL);
  self->segments = potoo_metric_new_counter ("potoo_verified_segments_total", "Segments compared",
                                             NULL);
  self->bytes = potoo_metric_new_counter ("potoo_verified_bytes_total", "Bytes read to be compared",
                                          NULL);
  for (guint i = 0; i < POTOO_VERIFY_N_PROBLEMS; i++)
    self->problems[i] = potoo_metric_new_gauge (
        "potoo_verify_problems", "What the last verification found and did not repair", "problem",
        potoo_verify_problem_to_string (i), NULL);
}

static gint64
read_last_us (PotooCatalogReader *reader)
{
  g_autofree char *text = potoo_catalog_reader_get_setting (reader, SETTING, NULL);
  gint64 wall_us = 0;

  return text != NULL && potoo_time_parse (text, &wall_us) ? wall_us : 0;
}

PotooVerifier *
potoo_verifier_new (PotooCatalog *catalog,
                    PotooRecorder *recorder,
                    gint64 bandwidth,
                    GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (catalog, error);

  if (reader == NULL)
    return NULL;
  PotooVerifier *self = g_new0 (PotooVerifier, 1);
  self->incomplete = !potoo_catalog_reader_is_complete (reader);
  self->last_us = read_last_us (reader);
  g_atomic_ref_count_init (&self->ref_count);
  self->catalog = g_object_ref (catalog);
  self->recorder = g_object_ref (recorder);
  self->bandwidth = bandwidth;
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  make_metrics (self);
  return self;
}

static void
verifier_unref (PotooVerifier *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->pass, potoo_verify_free);
  potoo_metric_unref (self->is_running);
  potoo_metric_unref (self->passes);
  potoo_metric_unref (self->segments);
  potoo_metric_unref (self->bytes);
  for (guint i = 0; i < POTOO_VERIFY_N_PROBLEMS; i++)
    potoo_metric_unref (self->problems[i]);
  g_cond_clear (&self->ended);
  g_mutex_clear (&self->lock);
  g_object_unref (self->recorder);
  g_object_unref (self->catalog);
  g_free (self);
}

void
potoo_verifier_free (PotooVerifier *self, gint64 timeout_us)
{
  gint64 deadline_us = potoo_clock_mono_us () + timeout_us;

  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  if (self->running)
    potoo_verify_cancel (self->pass);
  while (self->running && g_cond_wait_until (&self->ended, &self->lock, deadline_us))
    ;
  g_mutex_unlock (&self->lock);
  verifier_unref (self);
}

/* --- in the pass's thread --- */

static void
on_found (const PotooVerifyFinding *finding, gpointer user_data)
{
  if (finding->problem == POTOO_VERIFY_FOREIGN)
    potoo_log_info (NULL, "Storage root %s: %s: %s", finding->root, finding->path, finding->detail);
  else if (finding->repaired)
    potoo_log_warning (NULL, _ ("Storage root %s: %s: %s (repaired)"), finding->root, finding->path,
                       finding->detail);
  else
    potoo_log_error (NULL, _ ("Storage root %s: %s: %s"), finding->root, finding->path,
                     finding->detail);
}

static void
publish (PotooVerifier *self, const PotooVerifyReport *report)
{
  potoo_metric_add (self->segments, report->segments);
  potoo_metric_add (self->bytes, report->bytes);
  if (report->error != NULL)
    return;
  potoo_metric_add (self->passes, 1);
  for (guint i = 0; i < POTOO_VERIFY_N_PROBLEMS; i++)
    potoo_metric_set (self->problems[i], report->found[i] - report->repaired[i]);
}

static void
log_end (PotooVerifier *self, const PotooVerifyReport *report)
{
  gint64 open = potoo_verify_report_get_open (report);

  if (report->error != NULL)
    potoo_log_warning (NULL, _ ("The verification did not come to its end: %s"), report->error);
  else if (self->rebuild && report->found[POTOO_VERIFY_UNLISTED] == 0 &&
           report->found[POTOO_VERIFY_MISSING] == 0)
    return; /* there was nothing, or nothing was missing */
  else if (self->rebuild)
    potoo_log_info (
        NULL,
        _ ("The catalog is complete again, in %.1f s: recorded files added: %lld, taken "
           "out because they are gone: %lld"),
        (double) report->duration_us / POTOO_SECOND_US,
        (long long) report->repaired[POTOO_VERIFY_UNLISTED],
        (long long) report->repaired[POTOO_VERIFY_MISSING]);
  else
    potoo_log_info (NULL,
                    _ ("Recordings verified in %.1f s: segments: %lld, bytes: %lld, problems to be "
                       "looked at: %lld"),
                    (double) report->duration_us / POTOO_SECOND_US, (long long) report->segments,
                    (long long) report->bytes, (long long) open);
}

/* Whether all that may hold files was there to be looked at. */
static gboolean
had_all_roots (PotooVerifier *self)
{
  g_autoptr (GPtrArray) roots = potoo_recorder_get_storage_roots (self->recorder);

  for (guint i = 0; i < roots->len; i++)
    if (!potoo_storage_root_is_attached (roots->pdata[i]))
      return FALSE;
  return TRUE;
}

static void
note_end (PotooVerifier *self, const PotooVerifyReport *report)
{
  gboolean completed = self->rebuild && report->error == NULL && !report->left_gap &&
                       had_all_roots (self);
  gboolean verified = !self->rebuild && report->error == NULL;

  if (completed)
    potoo_catalog_set_complete (self->catalog);
  if (verified)
    {
      g_autofree char *time = potoo_time_format (report->ended_us);
      potoo_catalog_put_setting (self->catalog, SETTING, time);
    }
  potoo_metric_set (self->is_running, 0);
  g_mutex_lock (&self->lock);
  if (completed)
    self->incomplete = FALSE;
  if (self->rebuild)
    self->left_gap = report->left_gap;
  if (verified)
    self->last_us = report->ended_us;
  self->running = FALSE;
  g_cond_broadcast (&self->ended);
  g_mutex_unlock (&self->lock);
}

static gpointer
verifier_main (gpointer data)
{
  PotooVerifier *self = data;

  potoo_background_enter ();
  potoo_verify_run (self->pass, NULL);
  g_autoptr (PotooVerifyReport) report = potoo_verify_get_report (self->pass);
  publish (self, report);
  log_end (self, report);
  note_end (self, report);
  verifier_unref (self);
  return NULL;
}

/* --- any thread --- */

static gboolean
start_locked (PotooVerifier *self, gboolean repair, gboolean rebuild, GError **error)
{
  g_autoptr (GPtrArray) roots = NULL;

  if (self->running || self->closed)
    {
      g_set_error_literal (
          error, POTOO_ERROR, self->closed ? POTOO_ERROR_UNAVAILABLE : POTOO_ERROR_CONFLICT,
          self->closed ? _ ("Potoo is stopping") : _ ("Recordings are being verified already"));
      return FALSE;
    }
  roots = potoo_recorder_get_storage_roots (self->recorder);
  const PotooVerifySpec spec = {
    .catalog = self->catalog,
    .roots = roots,
    .repair = repair,
    .contents = !rebuild,
    .rebuild = rebuild,
    .live = TRUE,
    .bandwidth = self->bandwidth,
    .found = on_found,
  };
  g_clear_pointer (&self->pass, potoo_verify_free);
  self->pass = potoo_verify_new (&spec);
  self->rebuild = rebuild;
  g_atomic_ref_count_inc (&self->ref_count);
  GThread *thread = g_thread_try_new ("verify", verifier_main, self, error);
  if (thread == NULL)
    {
      g_atomic_ref_count_dec (&self->ref_count);
      g_clear_pointer (&self->pass, potoo_verify_free);
      return FALSE;
    }
  g_thread_unref (thread);
  self->running = TRUE;
  potoo_metric_set (self->is_running, 1);
  return TRUE;
}

gboolean
potoo_verifier_start (PotooVerifier *self, gboolean repair, GError **error)
{
  g_mutex_lock (&self->lock);
  gboolean started = start_locked (self, repair, FALSE, error);
  g_mutex_unlock (&self->lock);
  return started;
}

static void
complete (PotooVerifier *self, gboolean only_gaps)
{
  g_mutex_lock (&self->lock);
  if (self->incomplete && !self->running && (self->left_gap || !only_gaps))
    start_locked (self, TRUE, TRUE, NULL);
  g_mutex_unlock (&self->lock);
}

void
potoo_verifier_complete (PotooVerifier *self)
{
  complete (self, FALSE);
}

void
potoo_verifier_complete_gaps (PotooVerifier *self)
{
  complete (self, TRUE);
}

gboolean
potoo_verifier_stop (PotooVerifier *self, GError **error)
{
  g_mutex_lock (&self->lock);
  gboolean running = self->running;
  if (running)
    potoo_verify_cancel (self->pass);
  g_mutex_unlock (&self->lock);
  if (!running)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CONFLICT,
                         _ ("Recordings are not being verified"));
  return running;
}

/* The pass that runs, or the last one; NULL: none since the start. (transfer full) (nullable) */
static PotooVerifyReport *
get_report (PotooVerifier *self)
{
  g_mutex_lock (&self->lock);
  PotooVerifyReport *report = self->pass != NULL ? potoo_verify_get_report (self->pass) : NULL;
  g_mutex_unlock (&self->lock);
  return report;
}

gboolean
potoo_verifier_is_running (PotooVerifier *self)
{
  g_mutex_lock (&self->lock);
  gboolean running = self->running;
  g_mutex_unlock (&self->lock);
  return running;
}

gint64
potoo_verifier_get_last_us (PotooVerifier *self)
{
  g_mutex_lock (&self->lock);
  gint64 last_us = self->last_us;
  g_mutex_unlock (&self->lock);
  return last_us;
}

void
potoo_verifier_set_next_us (PotooVerifier *self, gint64 next_us)
{
  g_mutex_lock (&self->lock);
  self->next_us = next_us;
  g_mutex_unlock (&self->lock);
}

static void
set_time (JsonObject *object, const char *name, gint64 wall_us)
{
  g_autofree char *text = wall_us != 0 ? potoo_time_format (wall_us) : NULL;

  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

JsonObject *
potoo_verifier_to_json (PotooVerifier *self)
{
  JsonObject *object = json_object_new ();
  g_autoptr (PotooVerifyReport) report = get_report (self);

  g_mutex_lock (&self->lock);
  json_object_set_string_member (object, "state", self->running ? "running" : "idle");
  json_object_set_boolean_member (object, "catalog_complete", !self->incomplete);
  set_time (object, "last", self->last_us);
  set_time (object, "next", self->next_us);
  g_mutex_unlock (&self->lock);
  if (report != NULL)
    json_object_set_object_member (object, "report", potoo_verify_report_to_json (report));
  else
    json_object_set_null_member (object, "report");
  return object;
}
