/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-row.h"

const char *
potoo_ctl_row_get_text (GVariant *row, const char *name)
{
  const char *text = "";

  g_variant_lookup (row, name, "&s", &text);
  return text;
}

gint64
potoo_ctl_row_get_int64 (GVariant *row, const char *name)
{
  gint64 signed_value = 0;
  guint64 value;
  guint32 small;

  if (g_variant_lookup (row, name, "t", &value))
    return (gint64) value;
  if (g_variant_lookup (row, name, "u", &small))
    return small;
  g_variant_lookup (row, name, "x", &signed_value);
  return signed_value;
}

double
potoo_ctl_row_get_double (GVariant *row, const char *name)
{
  double value = 0;

  g_variant_lookup (row, name, "d", &value);
  return value;
}

gboolean
potoo_ctl_row_get_boolean (GVariant *row, const char *name)
{
  gboolean value = FALSE;

  g_variant_lookup (row, name, "b", &value);
  return value;
}
