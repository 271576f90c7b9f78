/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-json.h"

#include "base/potoo-clock.h"
#include "base/potoo-text.h"

void
potoo_web_json_set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

void
potoo_web_json_set_time (JsonObject *object, const char *name, gint64 wall_us)
{
  g_autofree char *text = wall_us != 0 ? potoo_time_format (wall_us) : NULL;

  potoo_web_json_set_text (object, name, text);
}

void
potoo_web_json_set_id (JsonObject *object, const char *name, gint64 id)
{
  g_autofree char *text = potoo_segment_id_format (id);

  json_object_set_string_member (object, name, text);
}

void
potoo_web_json_set_seconds (JsonObject *object, const char *name, gint64 duration_us)
{
  json_object_set_double_member (object, name, (double) duration_us / G_USEC_PER_SEC);
}
