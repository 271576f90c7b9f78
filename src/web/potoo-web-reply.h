/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-request.h"

G_BEGIN_DECLS

/* Answers to a PotooWebRequest; each but the first ends it. Worker thread. */

/* Adds a field to the answer; before replying. @value: control characters are not allowed in it. */
void potoo_web_reply_set_header (PotooWebRequest *request, const char *name, const char *value);

/* @object: (transfer full) */
void potoo_web_reply_object (PotooWebRequest *request, guint status, JsonObject *object);
/* 201 with its `Location` below @collection. @object: (transfer full) */
void potoo_web_reply_created (PotooWebRequest *request,
                              const char *collection,
                              gint64 id,
                              JsonObject *object);
/* `{"items":[…],"next":…}`. @items: (transfer full); @next: (nullable) (transfer full) */
void potoo_web_reply_list (PotooWebRequest *request, JsonArray *items, char *next);
/* @text: (transfer full) */
void potoo_web_reply_text (PotooWebRequest *request, guint status, const char *type, char *text);
/* @bytes: (transfer full) */
void
potoo_web_reply_bytes (PotooWebRequest *request, guint status, const char *type, GBytes *bytes);
void potoo_web_reply_empty (PotooWebRequest *request, guint status);
/* 204, unless there is an @error: (nullable). */
void potoo_web_reply_done (PotooWebRequest *request, const GError *error);
/* Sent in chunks, with its length announced. Takes @body. */
void
potoo_web_reply_body (PotooWebRequest *request, guint status, const char *type, PotooWebBody *body);

/* RFC 9457 problem details of any GError. */
void potoo_web_reply_error (PotooWebRequest *request, const GError *error);
/* @status: 0 for that of @code; @parameter: (nullable): query parameter at fault */
void potoo_web_reply_problem (PotooWebRequest *request,
                              PotooError code,
                              guint status,
                              const char *parameter,
                              const char *detail);

/* With members of its own. @members: (transfer full) */
void potoo_web_reply_problem_with (PotooWebRequest *request,
                                   PotooError code,
                                   const char *detail,
                                   JsonObject *members);

/* The text of a problem. (transfer full) */
char *potoo_web_problem_to_text (PotooError code,
                                 guint status,
                                 const char *pointer,
                                 const char *parameter,
                                 const char *detail);

G_END_DECLS
