/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * PotooWebBody:
 *
 * Where a long response body comes from, chunk by chunk: the next one is asked for
 * when the last has been written, so a slow client costs one chunk of memory.
 * Files are one kind; the other are streams without an end of their own, as server-sent
 * events are. Worker thread.
 */
typedef struct _PotooWebBody PotooWebBody;

#define POTOO_WEB_CHUNK_BYTES (128 * 1024)

typedef enum
{
  POTOO_WEB_READ_CHUNK,  /* `chunk` is set */
  POTOO_WEB_READ_WAIT,   /* streams: nothing for now; potoo_web_body_wake() tells when to ask */
  POTOO_WEB_READ_END,    /* that was all */
  POTOO_WEB_READ_FAILED, /* `error` is set */
} PotooWebRead;

typedef struct
{
  /* @chunk: (transfer full): not empty */
  PotooWebRead (*read) (gpointer stream, GBytes **chunk);
  /* The body goes: the answer is over, or the client has gone. */
  GDestroyNotify free;
} PotooWebStreamFuncs;

/* @length bytes of @fd from @offset. Takes @fd. */
PotooWebBody *potoo_web_body_new_file (int fd, guint64 offset, guint64 length);
/* @funcs: static. Takes @stream. */
PotooWebBody *potoo_web_body_new_stream (const PotooWebStreamFuncs *funcs, gpointer stream);
/* Changes a chunk of a file before it is sent: the @size bytes that stand at @offset. */
typedef gboolean (*PotooWebBodyFilter) (guint64 offset,
                                        guint8 *data,
                                        gsize size,
                                        gpointer user_data,
                                        GError **error);
/* Of a file's body, at most once. */
void potoo_web_body_set_filter (PotooWebBody *body,
                                PotooWebBodyFilter filter,
                                gpointer user_data,
                                GDestroyNotify destroy);
void potoo_web_body_free (PotooWebBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWebBody, potoo_web_body_free)

gboolean potoo_web_body_is_stream (PotooWebBody *body);
guint64 potoo_web_body_get_length (PotooWebBody *body); /* of a file */

/* POTOO_ERROR_CORRUPT when a file ends early: its bytes are never made up.
 * @chunk: (transfer full) */
PotooWebRead potoo_web_body_read (PotooWebBody *body, GBytes **chunk, GError **error);

typedef void (*PotooWebWakeFunc) (gpointer user_data);

/* A stream that made its reader wait has something again, or has ended. May free @body. */
void potoo_web_body_wake (PotooWebBody *body);
/* For the reader: what potoo_web_body_wake() calls. */
void potoo_web_body_set_wake_func (PotooWebBody *body, PotooWebWakeFunc func, gpointer user_data);

G_END_DECLS
