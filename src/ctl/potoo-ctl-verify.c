/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl verify`: begins a verification in the daemon and follows it; Ctrl-C ends the
 * following, not the verification. */

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"

#define LOOK_INTERVAL_US (POTOO_SECOND_US / 2)

static const PotooCtlColumn columns[] = {
  { N_ ("PROBLEM") },
  { N_ ("STORAGE") },
  { N_ ("FILE"), POTOO_CTL_COLUMN_WRAP },
  { N_ ("WHAT"), POTOO_CTL_COLUMN_WRAP },
  { N_ ("REPAIRED") },
  { NULL },
};

static JsonObject *
get_verify (PotooCtl *ctl, GError **error)
{
  return potoo_ctl_client_call_json (ctl->client, "GetVerify", error);
}

/* (nullable): nothing was verified yet */
static JsonObject *
get_report (JsonObject *verify)
{
  return json_object_get_null_member (verify, "report")
             ? NULL
             : json_object_get_object_member (verify, "report");
}

static gboolean
is_running (JsonObject *verify)
{
  return g_strcmp0 (json_object_get_string_member (verify, "state"), "running") == 0;
}

static void
print_progress (JsonObject *report)
{
  g_autofree char *bytes = g_format_size ((guint64) json_object_get_int_member (report, "bytes"));

  g_autofree char *line = g_strdup_printf (
      _ ("segments: %lld of %lld, read: %s"),
      (long long) json_object_get_int_member (report, "segments"),
      (long long) json_object_get_int_member (report, "total"), bytes);
  g_printerr ("\r%s\033[K", line);
}

static JsonObject *
follow (PotooCtl *ctl, GError **error)
{
  gboolean progress = isatty (STDERR_FILENO);
  JsonObject *verify;

  while ((verify = get_verify (ctl, error)) != NULL && is_running (verify))
    {
      if (progress)
        print_progress (get_report (verify));
      json_object_unref (verify);
      g_usleep (LOOK_INTERVAL_US);
    }
  if (progress)
    g_printerr ("\r\033[K");
  return verify;
}

static void
print_findings (PotooCtl *ctl, JsonArray *findings)
{
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);

  for (guint i = 0; i < json_array_get_length (findings); i++)
    {
      JsonObject *finding = json_array_get_object_element (findings, i);
      potoo_ctl_table_add (table, json_object_get_string_member (finding, "problem"));
      potoo_ctl_table_add (table, json_object_get_string_member (finding, "root"));
      potoo_ctl_table_add (table, json_object_get_string_member (finding, "path"));
      potoo_ctl_table_add (table, json_object_get_string_member (finding, "detail"));
      potoo_ctl_table_add (table, json_object_get_boolean_member (finding, "repaired") ? _ ("yes")
                                                                                       : _ ("no"));
    }
  if (potoo_ctl_table_get_n_rows (table) > 0)
    potoo_ctl_print_table (ctl, table);
}

static void
print_report (PotooCtl *ctl, JsonObject *report)
{
  g_autofree char *bytes = g_format_size ((guint64) json_object_get_int_member (report, "bytes"));

  print_findings (ctl, json_object_get_array_member (report, "findings"));
  g_print (_ ("Compared in %.1f s: segments: %lld of %lld, read: %s; problems left: %lld\n"),
           json_object_get_double_member (report, "seconds"),
           (long long) json_object_get_int_member (report, "segments"),
           (long long) json_object_get_int_member (report, "total"), bytes,
           (long long) json_object_get_int_member (report, "open_problems"));
}

static void
print_verify (PotooCtl *ctl, JsonObject *verify)
{
  if (ctl->json)
    potoo_ctl_json_print_object (json_object_ref (verify));
  else if (get_report (verify) != NULL)
    print_report (ctl, get_report (verify));
  else
    g_print (_ ("Nothing was verified since Potoo started\n"));
}

/* An error for what is amiss, so that scripts see it. */
static gboolean
judge (JsonObject *verify, GError **error)
{
  JsonObject *report = get_report (verify);

  if (report == NULL || is_running (verify))
    return TRUE;
  if (!json_object_get_null_member (report, "error"))
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_FAILED,
                         json_object_get_string_member (report, "error"));
  else if (json_object_get_int_member (report, "open_problems") > 0)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                         _ ("Not all recordings are as they should be"));
  else
    return TRUE;
  return FALSE;
}

static gboolean
show (PotooCtl *ctl, gboolean wait, GError **error)
{
  g_autoptr (JsonObject) verify = wait ? follow (ctl, error) : get_verify (ctl, error);

  if (verify == NULL)
    return FALSE;
  print_verify (ctl, verify);
  return judge (verify, error);
}

gboolean
potoo_ctl_verify (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  gboolean repair = FALSE, status = FALSE, stop = FALSE;
  const GOptionEntry entries[] = {
    { "repair", 0, 0, G_OPTION_ARG_NONE, &repair, N_ ("Put right what can be"), NULL },
    { "status", 0, 0, G_OPTION_ARG_NONE, &status, N_ ("Begin none, tell of the last one"), NULL },
    { "stop", 0, 0, G_OPTION_ARG_NONE, &stop, N_ ("End the one that is under way"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!potoo_ctl_parse (ctl, entries,
                        _ ("Without options it begins one and waits for its end. The exit status "
                           "is 65 when problems are left."),
                        0, 0, &argc, &argv, error) ||
      potoo_ctl_get_client (ctl, error) == NULL)
    return FALSE;
  if (status)
    return show (ctl, FALSE, error);
  g_autoptr (GVariant)
      answer = potoo_ctl_client_call (ctl->client, stop ? "StopVerify" : "StartVerify",
                                      stop ? NULL : g_variant_new ("(b)", repair), "()", error);
  return answer != NULL && (stop || show (ctl, TRUE, error));
}
