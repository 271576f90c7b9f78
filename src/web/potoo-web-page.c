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
