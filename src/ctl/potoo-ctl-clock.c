/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `potooctl clock`. */

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "ctl/potoo-ctl-command.h"
#include "ctl/potoo-ctl-json.h"
#include "ctl/potoo-ctl-text.h"

static const PotooCtlColumn columns[] = {
  { N_ ("STEP"), POTOO_CTL_COLUMN_RIGHT },
  { N_ ("TIME") },
  { N_ ("SET") },
  { N_ ("EARLIER RECORDINGS"), POTOO_CTL_COLUMN_WRAP },
  { NULL },
};

static void
add_row (PotooCtlTable *table, JsonObject *step)
{
  gint64 step_us = (gint64) (json_object_get_double_member (step, "seconds") * POTOO_SECOND_US);
  g_autofree char *size = potoo_duration_format (ABS (step_us));
  gint64 time_us = 0;

  potoo_time_parse (json_object_get_string_member (step, "time"), &time_us);
  potoo_ctl_table_take (
      table, g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (step, "id")));
  potoo_ctl_table_take (table, potoo_ctl_text_from_time (time_us));
  potoo_ctl_table_take (
      table, g_strdup_printf (step_us < 0 ? _ ("back by %s") : _ ("forward by %s"), size));
  potoo_ctl_table_add (table, json_object_get_boolean_member (step, "corrected")
                                  ? _ ("dated anew")
                                  : _ ("as they were dated"));
}

static void
print_clock (PotooCtl *ctl, JsonObject *clock)
{
  JsonArray *steps = json_object_get_array_member (clock, "steps");
  g_autoptr (PotooCtlTable) table = potoo_ctl_table_new (columns);

  for (guint i = 0; i < json_array_get_length (steps); i++)
    add_row (table, json_array_get_object_element (steps, i));
  if (potoo_ctl_table_get_n_rows (table) > 0)
    potoo_ctl_print_table (ctl, table);
  else if (ctl->width > 0)
    g_print (_ ("The clock was not set since the machine was started.\n"));
}

gboolean
potoo_ctl_clock_show (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  if (!potoo_ctl_parse (ctl, NULL, NULL, 0, 0, &argc, &argv, error))
    return FALSE;
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (JsonObject)
      clock = client != NULL ? potoo_ctl_client_call_json (client, "GetClock", error) : NULL;
  if (clock == NULL)
    return FALSE;
  if (ctl->json)
    potoo_ctl_json_print_object (json_object_ref (clock));
  else
    print_clock (ctl, clock);
  return TRUE;
}

gboolean
potoo_ctl_clock_correct (PotooCtl *ctl, int argc, char **argv, GError **error)
{
  guint64 step;

  if (!potoo_ctl_parse (ctl, NULL,
                        _ ("All that was recorded since the machine was started, up to where the "
                           "clock was set, is dated as if it had been set so from the start."),
                        1, 1, &argc, &argv, error))
    return FALSE;
  if (!g_ascii_string_to_unsigned (argv[0], 10, 1, G_MAXINT32, &step, NULL))
    {
      g_autofree char *valid = g_utf8_make_valid (argv[0], -1);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is not the number of a step; potooctl clock lists them"), valid);
      return FALSE;
    }
  PotooCtlClient *client = potoo_ctl_get_client (ctl, error);
  g_autoptr (GVariant)
      answer = client != NULL
                   ? potoo_ctl_client_call (client, "CorrectClock",
                                            g_variant_new ("(x)", (gint64) step), "()", error)
                   : NULL;
  return answer != NULL;
}
