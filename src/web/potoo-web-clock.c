/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-clock.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-json-read.h"
#include "record/potoo-time-corrector.h"
#include "web/potoo-web-reply.h"

static PotooTimeCorrector *
get_corrector (PotooWebRequest *request)
{
  return potoo_web_request_get_context (request)->corrector;
}

static void
get_clock (PotooWebRequest *request)
{
  potoo_web_reply_object (request, 200, potoo_time_corrector_to_json (get_corrector (request)));
}

static void
on_corrected (GObject *corrector, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooWebRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  if (potoo_time_corrector_correct_finish (POTOO_TIME_CORRECTOR (corrector), result, &error))
    get_clock (request);
  else
    potoo_web_reply_error (request, error);
}

static gboolean
read_step (JsonObject *body, double *step, GError **error)
{
  static const char *const names[] = { "step", NULL };
  JsonNode *node = json_object_get_member (body, "step");

  if (!potoo_json_read_names (body, names, error))
    return FALSE;
  if (node != NULL)
    return potoo_json_read_number (node, "/step", 1, G_MAXINT32, step, error);
  potoo_set_error_at (error, POTOO_ERROR_INVALID_ARGUMENT, "/step",
                      _ ("Must be the id of a step of the clock; GET /api/v1/clock lists them"));
  return FALSE;
}

static void
post_correct (PotooWebRequest *request)
{
  g_autoptr (GError) error = NULL;
  double step;

  if (read_step (potoo_web_request_get_body (request), &step, &error))
    potoo_time_corrector_correct_async (get_corrector (request), (gint64) step, on_corrected,
                                        potoo_web_request_ref (request));
  else
    potoo_web_reply_error (request, error);
}

const PotooRoute potoo_web_clock_routes[] = {
  { "GET", "/api/v1/clock", POTOO_WEB_RIGHT_VIEW, NULL, POTOO_WEB_BODY_NONE, get_clock,
    "How the wall clock was set since the machine was started" },
  { "POST", "/api/v1/clock/correct", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_OBJECT,
    post_correct, "Date anew what was recorded before the clock was set" },
  { NULL },
};
