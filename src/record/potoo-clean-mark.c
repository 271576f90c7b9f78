/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-clean-mark.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-settings.h"

#define DAY_LENGTH 10 /* of YYYY-MM-DD */

static char *
setting_of (PotooStorageRoot *root)
{
  g_autofree char *uuid = potoo_storage_root_dup_uuid (root);
  return g_strconcat ("clean-mark:", uuid, NULL);
}

static char *
format_day (gint64 wall_us)
{
  g_autofree char *text = potoo_time_format (wall_us);
  return g_strndup (text, DAY_LENGTH);
}

gboolean
potoo_day_is_valid (const char *text)
{
  gint64 wall_us;

  if (strlen (text) != DAY_LENGTH)
    return FALSE;
  g_autofree char *time = g_strconcat (text, "T00:00:00Z", NULL);
  return potoo_time_parse (time, &wall_us);
}

void
potoo_clean_mark_put (PotooCatalog *catalog, PotooStorageRoot *root, gint64 wall_us)
{
  g_autofree char *key = setting_of (root);
  g_autofree char *day = format_day (wall_us);

  /* What was refused the next start finds by the mark as it stands. */
  if (potoo_catalog_lacks_rows (catalog))
    return;
  potoo_catalog_put_setting (catalog, key, day);
}

char *
potoo_clean_mark_get (PotooCatalogReader *reader, PotooStorageRoot *root)
{
  g_autofree char *key = setting_of (root);
  g_autofree char *today = format_day (potoo_clock_wall_us ());
  g_autofree char *mark = potoo_catalog_reader_get_setting (reader, key, NULL);

  if (mark == NULL || !potoo_day_is_valid (mark) || strcmp (mark, today) > 0)
    return g_strdup ("");
  return g_steal_pointer (&mark);
}
