/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-request-private.h"

G_BEGIN_DECLS

/* The request, for potoo-web-request.c (what was asked) and potoo-web-answer.c (what is
 * answered) alone. Worker thread. */

typedef struct _SoupServerMessage SoupServerMessage;

struct _PotooWebRequest
{
  gatomicrefcount ref_count;
  PotooWebWorker *worker;
  SoupServerMessage *message;     /* not owned; NULL when it has gone */
  PotooWebConnection *connection; /* not owned; NULL when it has gone */
  PotooWebMatch match;
  JsonNode *json;
  char *headers[POTOO_WEB_N_HEADERS];
  PotooWebBody *body; /* what is left to send */
  guint status;       /* 0: not answered */
  gint64 received_bytes;
  gsize reply_bytes; /* its part of the worker's */
  gboolean waiting;  /* the message is paused until the answer comes */
  gboolean streaming;
  gboolean idle;             /* … and its stream has nothing to send */
  GCancellable *cancellable; /* (nullable) */
  gboolean complete;
};

/* The client has closed its end: whom nobody waits for is cancelled, and a stream ends. */
void potoo_web_request_hang_up (gpointer request);

G_END_DECLS
