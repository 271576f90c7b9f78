/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-change.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "ctl/potoo-ctl-arguments.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-row.h"

/* --- NAME=VALUE --- */

static GVariant *
fail (GError **error, const char *name, const char *what)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, "%s: %s", name, what);
  return NULL;
}

gboolean
potoo_ctl_change_parse_expiry (const char *name,
                               const char *text,
                               gint64 now_us,
                               gint64 *wall_us,
                               GError **error)
{
  gint64 duration_us;

  if (!potoo_duration_parse (text, &duration_us))
    return potoo_ctl_arguments_parse_time (name, text, now_us, wall_us, error);
  if (duration_us > G_MAXINT64 - now_us)
    return fail (error, name, _ ("Is too far ahead")) != NULL;
  *wall_us = now_us + duration_us;
  return TRUE;
}

/* An empty text takes the value away. */
static GVariant *
parse_expires (const char *name, const char *text, GError **error)
{
  gint64 wall_us = 0;

  return text[0] == '\0' ||
                 potoo_ctl_change_parse_expiry (name, text, potoo_clock_wall_us (), &wall_us, error)
             ? g_variant_new_int64 (wall_us)
             : NULL;
}

static GVariant *
parse_score (const char *name, const char *text, GError **error)
{
  char *end = NULL;
  double score = text[0] != '\0' ? g_ascii_strtod (text, &end) : -1;

  return end == NULL || *end == '\0' ? g_variant_new_double (score)
                                     : fail (error, name, _ ("Must be a number from 0 to 1"));
}

/* (transfer floating) */
static GVariant *
parse_value (const char *name, const char *text, GError **error)
{
  gint64 number;

  if (strcmp (name, "start") == 0 || strcmp (name, "end") == 0)
    return potoo_ctl_arguments_parse_time (name, text, potoo_clock_wall_us (), &number, error)
               ? g_variant_new_int64 (number)
               : NULL;
  if (strcmp (name, "expires") == 0)
    return parse_expires (name, text, error);
  if (strcmp (name, "duration") == 0)
    return potoo_duration_parse (text, &number)
               ? g_variant_new_double ((double) number / G_USEC_PER_SEC)
               : fail (error, name, _ ("Must be a time such as 90s or 5min"));
  return strcmp (name, "score") == 0 ? parse_score (name, text, error)
                                     : g_variant_new_string (text);
}

gboolean
potoo_ctl_change_parse (GVariantDict *dict, int argc, char **argv, GError **error)
{
  for (int i = 0; i < argc; i++)
    {
      const char *equals = strchr (argv[i], '=');
      if (equals == NULL || !g_utf8_validate (argv[i], -1, NULL))
        {
          g_autofree char *valid = g_utf8_make_valid (argv[i], -1);
          g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                       _ ("“%s” is not NAME=VALUE"), valid);
          return FALSE;
        }
      g_autofree char *name = g_strndup (argv[i], (gsize) (equals - argv[i]));
      GVariant *value = parse_value (name, equals + 1, error);
      if (value == NULL)
        return FALSE;
      g_variant_dict_insert_value (dict, name, value);
    }
  return TRUE;
}

/* --- calls --- */

void
potoo_ctl_change_print (PotooCtl *ctl, GVariant *answer)
{
  g_autoptr (GVariant) row = g_variant_get_child_value (answer, 0);

  if (ctl->json)
    potoo_ctl_json_print_object (potoo_ctl_json_from_dict (row));
  else
    g_print ("%s\n", potoo_ctl_row_get_text (row, "id"));
}

gboolean
potoo_ctl_change_call (PotooCtl *ctl, const char *method, GVariant *arguments, GError **error)
{
  g_autoptr (GVariant) own = g_variant_ref_sink (arguments);
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant) answer = client != NULL
                                    ? potoo_ctl_client_call (client, method, own, "(a{sv})", error)
                                    : NULL;

  if (answer != NULL)
    potoo_ctl_change_print (ctl, answer);
  return answer != NULL;
}

gboolean
potoo_ctl_change_call_each (PotooCtl *ctl, const char *method, int n, char **ids, GError **error)
{
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);

  for (int i = 0; client != NULL && i < n; i++)
    {
      g_autoptr (GVariant) answer = potoo_ctl_client_call (
          client, method, g_variant_new ("(s)", ids[i]), "()", error);
      if (answer == NULL)
        return FALSE;
    }
  return client != NULL;
}

/* --- asking --- */

gboolean
potoo_ctl_change_confirm (const char *question, GError **error)
{
  char answer[64] = "";

  if (!isatty (STDIN_FILENO) || !isatty (STDERR_FILENO))
    {
      g_set_error_literal (
          error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
          _ ("There is no terminal to ask on whether to delete; say so with --yes"));
      return FALSE;
    }
  /* What counts as yes is the locale's, and y in any. */
  g_printerr ("%s ", question);
  if (fgets (answer, sizeof answer, stdin) != NULL &&
      (rpmatch (answer) == 1 || g_ascii_tolower (answer[0]) == 'y'))
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_FAILED, _ ("Nothing was deleted"));
  return FALSE;
}
