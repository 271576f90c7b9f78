/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-page.h"

#include <glib/gi18n-lib.h>

#include "web/potoo-web-cursor.h"
#include "web/potoo-web-reply.h"

gboolean
potoo_web_page_get_query (PotooWebRequest *request, char cursor_kind, PotooSegmentQuery *query)
{
  const char *cursor = potoo_web_request_get_text (request, "cursor");

  *query = (PotooSegmentQuery){
    .start_us = potoo_web_request_get_number (request, "start"),
    .end_us = potoo_web_request_get_number (request, "end"),
    .limit = (unsigned) potoo_web_request_get_number (request, "limit") + 1,
  };
  if (query->start_us >= query->end_us)
    {
      potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, "end",
                               _ ("Parameter “end” must be later than “start”"));
      return FALSE;
    }
  if (cursor != NULL &&
      !potoo_web_cursor_to_time (cursor, cursor_kind, &query->after_start_us, &query->after_id))
    {
      potoo_web_reply_problem (request, POTOO_ERROR_INVALID_ARGUMENT, 0, "cursor",
                               _ ("The cursor is not one of this list"));
      return FALSE;
    }
  return TRUE;
}

void
potoo_web_page_reply (PotooWebRequest *request,
                      char cursor_kind,
                      const PotooSegmentQuery *query,
                      GPtrArray *rows,
                      PotooWebRowFunc describe)
{
  JsonArray *items = json_array_new ();
  guint n = MIN (rows->len, query->limit - 1);
  PotooWebPlace last = { 0 };

  for (guint i = 0; i < n; i++)
    json_array_add_object_element (items, describe (rows->pdata[i], &last));
  potoo_web_reply_list (
      request, items,
      rows->len > n ? potoo_web_cursor_from_time (cursor_kind, last.start_us, last.id) : NULL);
}
