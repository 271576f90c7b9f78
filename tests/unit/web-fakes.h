/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "web/potoo-web-server.h"

G_BEGIN_DECLS

/*
 * Stand-ins for catalog, camera list and recorder, so that the web server's tests can have
 * rows that the real ones never have, and commands that do not answer. The
 * real ones are behind it in tests/integration.
 */

typedef struct
{
  GPtrArray *segments; /* PotooSegment */
  GPtrArray *gaps;     /* PotooGap */
  char *media_path;    /* every segment's file */
  gboolean hold;       /* commands wait for web_fakes_release() */
  gboolean catalog_fails;
  guint n_condemned; /* cameras whose recordings are to go */
} WebFakes;

extern WebFakes web_fakes;

void web_fakes_init (PotooWebContext *context);
void web_fakes_clear (PotooWebContext *context);
/* Any thread: answers the commands that wait; how many they were. */
guint web_fakes_release (void);
guint web_fakes_count_held (void);
PotooSegment *web_fakes_add_segment (gint64 id, const char *camera, gint64 start_us, gint64 size);
void web_fakes_add_gap (gint64 id, const char *camera, gint64 start_us, gint64 end_us);

G_END_DECLS
