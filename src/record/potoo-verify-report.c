/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-verify-report.h"

#include "base/potoo-clock.h"
#include "base/potoo-text.h"

static const char *const problem_names[] = {
  [POTOO_VERIFY_MISSING] = "missing",   [POTOO_VERIFY_DAMAGED] = "damaged",
  [POTOO_VERIFY_CHANGED] = "changed",   [POTOO_VERIFY_MISMATCH] = "mismatch",
  [POTOO_VERIFY_TIMES] = "times",       [POTOO_VERIFY_UNREADABLE] = "unreadable",
  [POTOO_VERIFY_UNLISTED] = "unlisted", [POTOO_VERIFY_FOREIGN] = "foreign",
};

const char *
potoo_verify_problem_to_string (PotooVerifyProblem problem)
{
  g_return_val_if_fail ((guint) problem < G_N_ELEMENTS (problem_names), "unknown");
  return problem_names[problem];
}

static void
finding_free (gpointer data)
{
  PotooVerifyFinding *finding = data;

  g_free (finding->root);
  g_free (finding->path);
  g_free (finding->detail);
  g_free (finding);
}

static PotooVerifyFinding *
finding_copy (const PotooVerifyFinding *finding)
{
  PotooVerifyFinding *copy = g_memdup2 (finding, sizeof *finding);

  copy->root = g_strdup (finding->root);
  copy->path = g_strdup (finding->path);
  copy->detail = g_strdup (finding->detail);
  return copy;
}

PotooVerifyReport *
potoo_verify_report_new (void)
{
  PotooVerifyReport *report = g_new0 (PotooVerifyReport, 1);

  report->findings = g_ptr_array_new_with_free_func (finding_free);
  return report;
}

PotooVerifyReport *
potoo_verify_report_copy (const PotooVerifyReport *report)
{
  PotooVerifyReport *copy = g_memdup2 (report, sizeof *report);

  copy->error = g_strdup (report->error);
  copy->findings = g_ptr_array_new_with_free_func (finding_free);
  for (guint i = 0; i < report->findings->len; i++)
    g_ptr_array_add (copy->findings, finding_copy (report->findings->pdata[i]));
  return copy;
}

void
potoo_verify_report_free (PotooVerifyReport *report)
{
  g_ptr_array_unref (report->findings);
  g_free (report->error);
  g_free (report);
}

void
potoo_verify_report_add (PotooVerifyReport *report, const PotooVerifyFinding *finding)
{
  report->found[finding->problem]++;
  report->repaired[finding->problem] += finding->repaired ? 1 : 0;
  report->lost_us += finding->lost_us;
  if (report->findings->len < POTOO_VERIFY_MAX_FINDINGS)
    g_ptr_array_add (report->findings, finding_copy (finding));
}

gint64
potoo_verify_report_get_open (const PotooVerifyReport *report)
{
  gint64 n = 0;

  for (guint i = 0; i < POTOO_VERIFY_N_PROBLEMS; i++)
    if (i != POTOO_VERIFY_FOREIGN)
      n += report->found[i] - report->repaired[i];
  return n;
}

/* --- JSON --- */

/* @text: (nullable); a path need not be UTF-8 */
static void
set_text (JsonObject *object, const char *name, const char *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  if (valid != NULL)
    json_object_set_string_member (object, name, valid);
  else
    json_object_set_null_member (object, name);
}

static void
set_time (JsonObject *object, const char *name, gint64 wall_us)
{
  g_autofree char *text = wall_us != 0 ? potoo_time_format (wall_us) : NULL;
  set_text (object, name, text);
}

static JsonObject *
finding_to_json (const PotooVerifyFinding *finding)
{
  JsonObject *object = json_object_new ();
  g_autofree char *id = finding->segment != 0 ? potoo_segment_id_format (finding->segment) : NULL;

  json_object_set_string_member (object, "problem",
                                 potoo_verify_problem_to_string (finding->problem));
  set_text (object, "segment", id);
  set_text (object, "root", finding->root);
  set_text (object, "path", finding->path);
  set_text (object, "detail", finding->detail);
  json_object_set_boolean_member (object, "repaired", finding->repaired);
  set_time (object, "lost_start", finding->lost_start_us);
  set_time (object, "lost_end", finding->lost_end_us);
  json_object_set_double_member (object, "lost_seconds",
                                 (double) finding->lost_us / POTOO_SECOND_US);
  return object;
}

static JsonObject *
problems_to_json (const PotooVerifyReport *report)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < POTOO_VERIFY_N_PROBLEMS; i++)
    {
      JsonObject *counts = json_object_new ();
      json_object_set_int_member (counts, "found", report->found[i]);
      json_object_set_int_member (counts, "repaired", report->repaired[i]);
      json_object_set_object_member (object, potoo_verify_problem_to_string (i), counts);
    }
  return object;
}

JsonObject *
potoo_verify_report_to_json (const PotooVerifyReport *report)
{
  JsonObject *object = json_object_new ();
  JsonArray *findings = json_array_new ();

  for (guint i = 0; i < report->findings->len; i++)
    json_array_add_object_element (findings, finding_to_json (report->findings->pdata[i]));
  json_object_set_boolean_member (object, "running", report->running);
  json_object_set_boolean_member (object, "repair", report->repair);
  json_object_set_boolean_member (object, "rebuild", report->rebuild);
  set_time (object, "started", report->started_us);
  set_time (object, "ended", report->ended_us);
  json_object_set_double_member (object, "seconds", (double) report->duration_us / POTOO_SECOND_US);
  json_object_set_int_member (object, "total", report->total);
  json_object_set_int_member (object, "segments", report->segments);
  json_object_set_int_member (object, "files", report->files);
  json_object_set_int_member (object, "bytes", report->bytes);
  json_object_set_int_member (object, "hashed", report->hashed);
  json_object_set_int_member (object, "unhashed", report->unhashed);
  json_object_set_int_member (object, "known_damaged", report->known_damaged);
  json_object_set_int_member (object, "open_problems", potoo_verify_report_get_open (report));
  json_object_set_double_member (object, "lost_seconds",
                                 (double) report->lost_us / POTOO_SECOND_US);
  json_object_set_object_member (object, "problems", problems_to_json (report));
  json_object_set_array_member (object, "findings", findings);
  set_text (object, "error", report->error);
  return object;
}
