/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Without `repair` nothing is changed but what opening the catalog does by itself: its schema is
 * brought up to date. With it, what a crash left is recovered first, as at every start, and a
 * catalog that was lost is completed. */

#include "app/potoo-app-verify.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "app/potoo-state-dir.h"
#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "catalog/potoo-catalog-restore.h"
#include "config/potoo-config.h"
#include "record/potoo-recovery.h"
#include "record/potoo-verify.h"

#define PROGRESS_INTERVAL_MS 500

typedef struct
{
  const PotooAppVerifyOptions *options;
  PotooCatalog *catalog;
  GPtrArray *roots;  /* PotooStorageRoot */
  gboolean progress; /* standard error is a terminal */
  PotooVerify *pass;
  GError *absent; /* a root that could not be opened */
} Run;

/* --- what people see --- */

static void
print_found (const PotooVerifyFinding *finding, gpointer user_data)
{
  const Run *run = user_data;

  if (run->options->json)
    return;
  if (run->progress)
    fputs ("\r\033[K", stderr);
  g_print ("%s: %s/%s: %s%s\n", potoo_verify_problem_to_string (finding->problem), finding->root,
           finding->path, finding->detail, finding->repaired ? _ (" (repaired)") : "");
}

static gboolean
print_progress (gpointer user_data)
{
  Run *run = user_data;
  g_autoptr (PotooVerifyReport) report = potoo_verify_get_report (run->pass);
  g_autofree char *bytes = g_format_size ((guint64) report->bytes);

  g_autofree char *line = g_strdup_printf (_ ("segments: %lld of %lld, files: %lld, read: %s"),
                                           (long long) report->segments, (long long) report->total,
                                           (long long) report->files, bytes);
  g_printerr ("\r%s\033[K", line);
  return G_SOURCE_CONTINUE;
}

static void
print_problem_counts (const PotooVerifyReport *report)
{
  for (guint i = 0; i < POTOO_VERIFY_N_PROBLEMS; i++)
    if (report->found[i] > 0)
      g_print (_ ("  %s: %lld, repaired: %lld\n"), potoo_verify_problem_to_string (i),
               (long long) report->found[i], (long long) report->repaired[i]);
}

static void
print_summary (const PotooVerifyReport *report)
{
  g_autofree char *bytes = g_format_size ((guint64) report->bytes);

  g_print (_ ("Compared in %.1f s: segments: %lld, files: %lld, read: %s\n"),
           (double) report->duration_us / POTOO_SECOND_US, (long long) report->segments,
           (long long) report->files, bytes);
  print_problem_counts (report);
  if (report->known_damaged > 0)
    g_print (_ ("Segments known to be damaged: %lld\n"), (long long) report->known_damaged);
  if (report->hashed > 0)
    g_print (_ ("Segments that got a hash: %lld\n"), (long long) report->hashed);
  if (report->unhashed > 0)
    g_print (_ ("Segments without a hash to compare with: %lld\n"), (long long) report->unhashed);
  if (potoo_verify_report_get_open (report) == 0)
    g_print (_ ("All recordings are as they should be\n"));
}

static void
print_json (const PotooVerifyReport *report)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, potoo_verify_report_to_json (report));
  g_autofree char *text = potoo_json_to_text (node);
  fputs (text, stdout);
  fputc ('\n', stdout);
}

/* --- the pass --- */

static gpointer
pass_main (gpointer data)
{
  Run *run = data;
  g_autoptr (GError) error = NULL;

  potoo_verify_run (run->pass, &error);
  return g_steal_pointer (&error);
}

/* This thread prints how far the other has come. */
static gboolean
run_pass (Run *run, gboolean rebuild, PotooVerifyReport **report, GError **error)
{
  const PotooVerifySpec spec = {
    .catalog = run->catalog,
    .roots = run->roots,
    .repair = run->options->repair,
    .contents = !rebuild,
    .rebuild = rebuild,
    .found = print_found,
    .user_data = run,
  };
  run->pass = potoo_verify_new (&spec);
  GThread *thread = g_thread_new ("verify", pass_main, run);
  for (gboolean running = TRUE; running && run->progress;)
    {
      g_usleep (PROGRESS_INTERVAL_MS * 1000);
      print_progress (run);
      g_autoptr (PotooVerifyReport) now = potoo_verify_get_report (run->pass);
      running = now->running;
    }
  GError *failure = g_thread_join (thread);
  if (run->progress)
    fputs ("\r\033[K", stderr);
  *report = potoo_verify_get_report (run->pass);
  g_clear_pointer (&run->pass, potoo_verify_free);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static gboolean
recover (Run *run, GError **error)
{
  g_auto (PotooRecoveryReport) all = { 0 };

  potoo_recovery_report_init (&all, run->catalog);
  if (!potoo_recovery_report_resume (&all, error))
    return FALSE;
  for (guint i = 0; i < run->roots->len; i++)
    {
      g_auto (PotooRecoveryReport) report = { 0 };
      potoo_recovery_report_init_part (&report, &all);
      if (!potoo_recovery_run (run->roots->pdata[i], run->catalog, &report, error))
        return FALSE;
    }
  return TRUE;
}

/* A catalog that was restored, or lost with all its backups. */
static gboolean
complete (Run *run, GError **error)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (run->catalog, error);
  g_autoptr (PotooVerifyReport) report = NULL;

  if (reader == NULL)
    return FALSE;
  if (potoo_catalog_reader_is_complete (reader))
    return TRUE;
  if (!run_pass (run, TRUE, &report, error))
    return FALSE;
  if (run->absent == NULL && !report->left_gap)
    potoo_catalog_set_complete (run->catalog);
  return TRUE;
}

static gboolean
compare (Run *run, GError **error)
{
  g_autoptr (PotooVerifyReport) report = NULL;

  if (run->options->repair && (!recover (run, error) || !complete (run, error)))
    return FALSE;
  if (!run_pass (run, FALSE, &report, error))
    return FALSE;
  if (run->options->json)
    print_json (report);
  else
    print_summary (report);
  gint64 open = potoo_verify_report_get_open (report);
  if (open > 0)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                 run->options->repair
                     ? _ ("Problems that could not be repaired: %lld")
                     : _ ("Problems found: %lld; --verify --repair puts right what can be"),
                 (long long) open);
  else if (run->absent != NULL)
    g_propagate_error (error, g_steal_pointer (&run->absent));
  return open == 0 && (error == NULL || *error == NULL);
}

/* --- what it works on --- */

/* One that cannot be opened is told, and the others are looked at. */
static void
open_roots (Run *run, PotooConfig *config)
{
  unsigned n;

  potoo_config_get_roots (config, &n);
  for (unsigned i = 0; i < n; i++)
    {
      g_autoptr (PotooStorageRoot) root = potoo_storage_root_new (config, i, run->catalog);
      g_autoptr (GError) error = NULL;
      if (potoo_storage_root_attach (root, &error))
        {
          g_ptr_array_add (run->roots, g_steal_pointer (&root));
          continue;
        }
      if (!run->options->json)
        g_print ("%s: %s\n", potoo_storage_root_get_name (root), error->message);
      if (run->absent == NULL)
        run->absent = g_steal_pointer (&error);
    }
}

static gboolean
run_locked (Run *run, PotooConfig *config, GError **error)
{
  run->catalog = run->options->repair
                     ? potoo_catalog_open_or_restore (run->options->state_dir, error)
                     : potoo_catalog_open (run->options->state_dir, error);
  if (run->catalog == NULL)
    return FALSE;
  open_roots (run, config);
  gboolean done = compare (run, error);
  potoo_catalog_close (run->catalog);
  return done;
}

/* An empty catalog that is made here would stand in the way of the backup that the next start
 * takes. */
static gboolean
check_place (const PotooAppVerifyOptions *options, GError **error)
{
  g_autofree char *path = g_build_filename (options->state_dir, "catalog.db", NULL);

  if (g_file_test (options->repair ? options->state_dir : path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (options->repair)
    g_set_error (
        error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
        _ ("There is no state directory %s: name the one that Potoo uses with --state-dir"),
        options->state_dir);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                 _ ("There is no catalog %s: name the right --state-dir, or have it restored with "
                    "--verify --repair"),
                 path);
  return FALSE;
}

static int
lock (const char *state_dir, GError **error)
{
  g_autoptr (GError) busy = NULL;
  int fd = potoo_state_dir_lock (state_dir, &busy);

  if (g_error_matches (busy, POTOO_ERROR, POTOO_ERROR_BUSY))
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                 _ ("%s; or have the one that runs verify: potooctl verify"), busy->message);
  else if (busy != NULL)
    g_propagate_error (error, g_steal_pointer (&busy));
  return fd;
}

gboolean
potoo_app_verify (const PotooAppVerifyOptions *options, GError **error)
{
  g_autoptr (PotooConfig)
      config = potoo_config_load (options->config_path, options->state_dir, error);
  int lock_fd = config != NULL && check_place (options, error) ? lock (options->state_dir, error)
                                                               : -1;
  Run run = { .options = options, .progress = isatty (STDERR_FILENO) };

  if (lock_fd < 0)
    return FALSE;
  run.roots = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_storage_root_unref);
  gboolean done = run_locked (&run, config, error);
  g_ptr_array_unref (run.roots);
  g_clear_object (&run.catalog);
  g_clear_error (&run.absent);
  close (lock_fd);
  return done;
}
