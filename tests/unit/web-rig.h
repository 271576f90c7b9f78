/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-clock.h"
#include "web-fakes.h"

G_BEGIN_DECLS

/*
 * A web server before the stand-ins of web-fakes.h, and blocking clients of it. Answers are
 * the whole text, head and body.
 */

#define WEB_STOP_US (2 * POTOO_SECOND_US)

typedef struct
{
  char *dir;
  char *socket_path;
  PotooConfig *config;
  PotooWebContext context;
  PotooWebServer *server;
  guint16 port;
} WebRig;

void web_start (WebRig *rig);
void web_set_up (WebRig *rig, gconstpointer data);
void web_tear_down (WebRig *rig, gconstpointer data);
GSocket *web_dial (GSocketAddress *address);
GSocket *web_dial_tcp (WebRig *rig);
gboolean web_say_some (GSocket *socket, const char *text, gsize length);
gboolean web_say (GSocket *socket, const char *text);
/* All that comes until the server closes; fails when it does not. */
GString *web_hear (GSocket *socket);
GString *web_ask_raw (WebRig *rig, const char *text);
/* @headers: more of them, each with CRLF. */
char *web_ask (WebRig *rig,
               const char *method,
               const char *target,
               const char *headers,
               const char *body);
char *web_ask_json (WebRig *rig, const char *method, const char *target, const char *body);
char *web_get (WebRig *rig, const char *target);
guint web_status_of (const char *answer);
const char *web_body_of (const char *answer);
char *web_header_of (const char *answer, const char *name);
JsonObject *web_json_of (const char *answer, JsonNode **node);
void web_assert_problem (const char *answer,
                         guint status,
                         const char *id,
                         const char *member,
                         const char *value);
void web_assert_healthy (WebRig *rig);
/* Waits for @text in the metrics page. */
void web_await_metric (const char *text);

#define web_assert_header(answer, name, value)                                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *field_ = web_header_of (answer, name);                                        \
    g_assert_cmpstr (field_, ==, value);                                                           \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
