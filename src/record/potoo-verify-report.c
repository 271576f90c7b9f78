/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-verify-report.h"

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
