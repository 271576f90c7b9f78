/* SPDX-License-Identifier: GPL-3.0-or-later */

/* For service managers and Prometheus: small, open, without details. */

#include "web/potoo-web-health.h"

#include "base/potoo-metrics.h"
#include "web/potoo-web-reply.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The worker answers: that is all there is to know. */
static void
get_health (PotooWebRequest *request)
{
  potoo_web_reply_text (request, 200, TEXT_TYPE, g_strdup ("ok\n"));
}

static void
get_readiness (PotooWebRequest *request)
{
  if (potoo_web_request_is_server_ready (request))
    {
      potoo_web_reply_text (request, 200, TEXT_TYPE, g_strdup ("ready\n"));
      return;
    }
  potoo_web_reply_set_header (request, "Retry-After", "1");
  potoo_web_reply_text (request, 503, TEXT_TYPE, g_strdup ("not ready\n"));
}

static void
get_metrics (PotooWebRequest *request)
{
  potoo_web_reply_text (request, 200, METRICS_TYPE, potoo_metrics_render ());
}

const PotooRoute potoo_web_health_routes[] = {
  { "GET", "/healthz", POTOO_WEB_RIGHT_OPEN, NULL, POTOO_WEB_BODY_NONE, get_health,
    "Whether the process answers" },
  { "GET", "/readyz", POTOO_WEB_RIGHT_OPEN, NULL, POTOO_WEB_BODY_NONE, get_readiness,
    "Whether start-up is done" },
  { "GET", "/metrics", POTOO_WEB_RIGHT_METRICS, NULL, POTOO_WEB_BODY_NONE, get_metrics,
    "All counters in Prometheus text format" },
  { NULL },
};
