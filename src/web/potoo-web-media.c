/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The bytes of a segment: what its row says is durable, whole or a range. Of
 * an open segment that grows; its entity tag holds the size, so what a client has is never
 * joined with what came later. With `shift` the times in it are moved while it is read, so that
 * the segments of a playlist lie on one time line (playback/potoo-playlist.h).
 */

#include "web/potoo-web-media.h"

#include <glib/gi18n-lib.h>
#include <sys/stat.h>

#include "base/potoo-log.h"
#include "base/potoo-text.h"
#include "playback/potoo-playlist.h"
#include "playback/potoo-time-shift.h"
#include "web/potoo-web-range.h"
#include "web/potoo-web-reply.h"

#define MEDIA_TYPE "video/mp4"

static char *
make_etag (const PotooSegment *segment, gint64 shift_ns)
{
  g_autofree char *id = potoo_segment_id_format (segment->id);

  if (shift_ns == 0)
    return g_strdup_printf ("\"%s-%" G_GINT64_FORMAT "\"", id, segment->size_bytes);
  return g_strdup_printf ("\"%s-%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "\"", id,
                          segment->size_bytes, shift_ns);
}

static void
set_headers (PotooWebRequest *request, const PotooSegment *segment, const char *etag)
{
  g_autofree char *modified = potoo_web_http_date (segment->end_us);
  g_autofree char *path = potoo_segment_relative_path (segment);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *disposition = g_strdup_printf ("inline; filename=\"%s-%s\"", segment->camera,
                                                  name);

  potoo_web_reply_set_header (request, "ETag", etag);
  potoo_web_reply_set_header (request, "Accept-Ranges", "bytes");
  potoo_web_reply_set_header (request, "Last-Modified", modified);
  potoo_web_reply_set_header (request, "Content-Disposition", disposition);
  /* Recordings are private, and kept by the client only to be asked again. Of a file that grows
   * nothing is kept: a browser that has a part of it asks for the next one with If-Range, and its
   * player then gets the whole of a file that has changed in place of a range. */
  potoo_web_reply_set_header (request, "Cache-Control",
                              segment->state == POTOO_SEGMENT_OPEN ? "private, no-store"
                                                                   : "private, no-cache");
}

/* PotooWebBodyFilter */
static gboolean
shift_times (guint64 offset, guint8 *data, gsize size, gpointer user_data, GError **error)
{
  return potoo_time_shift_apply (user_data, offset, data, size, error);
}

/* @fd stays the body's. */
static PotooTimeShift *
make_shift (PotooWebRequest *request,
            const PotooSegment *segment,
            int fd,
            gint64 shift_ns,
            GError **error)
{
  g_autoptr (GBytes) blob = potoo_catalog_reader_get_index (potoo_web_request_get_reader (request),
                                                            segment->id, error);
  g_autoptr (PotooSegmentIndex) index = NULL;

  if (blob != NULL)
    index = potoo_segment_index_parse (blob, (gsize) segment->init_bytes, error);
  if (index == NULL)
    return NULL;
  if (potoo_segment_index_get_end (index) < (guint64) segment->size_bytes)
    {
      g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_CORRUPT,
                           _ ("The index of the segment is shorter than its file"));
      return NULL;
    }
  return potoo_time_shift_new (fd, g_steal_pointer (&index), (guint64) shift_ns, error);
}

/* FALSE when the request is answered. */
static gboolean
add_shift (PotooWebRequest *request, const PotooSegment *segment, int fd, PotooWebBody *body)
{
  gint64 shift_ns = potoo_web_request_get_number (request, "shift");
  g_autoptr (GError) error = NULL;

  if (shift_ns == 0)
    return TRUE;
  PotooTimeShift *shift = make_shift (request, segment, fd, shift_ns, &error);
  if (shift == NULL)
    {
      potoo_web_reply_error (request, error);
      return FALSE;
    }
  potoo_web_body_set_filter (body, shift_times, shift, (GDestroyNotify) potoo_time_shift_free);
  return TRUE;
}

static void
reply_short (PotooWebRequest *request, const PotooSegment *segment)
{
  g_autofree char *id = potoo_segment_id_format (segment->id);

  potoo_web_request_count_short_file (request);
  potoo_log_error (segment->camera, "Segment %s is shorter than the catalog says", id);
  potoo_web_reply_problem (request, POTOO_ERROR_CORRUPT, 0, NULL,
                           _ ("The file is shorter than the catalog says"));
}

static void
reply_unsatisfiable (PotooWebRequest *request, guint64 size)
{
  g_autofree char *range = g_strdup_printf ("bytes */%" G_GUINT64_FORMAT, size);

  potoo_web_reply_set_header (request, "Content-Range", range);
  potoo_web_reply_problem (request, POTOO_ERROR_RANGE, 0, NULL,
                           _ ("The range begins behind the end of the file"));
}

/* If-Range with anything but this very entity tag asks for the whole file;
 * dates are too coarse for a file that grows. */
static PotooWebRange
get_range (PotooWebRequest *request,
           const char *etag,
           guint64 size,
           guint64 *offset,
           guint64 *length)
{
  const char *range = potoo_web_request_get_header (request, POTOO_WEB_HEADER_RANGE);
  const char *if_range = potoo_web_request_get_header (request, POTOO_WEB_HEADER_IF_RANGE);

  if (if_range != NULL && strcmp (if_range, etag) != 0)
    range = NULL;
  return potoo_web_range_parse (range, size, offset, length);
}

static void
reply_file (PotooWebRequest *request, const PotooSegment *segment, const char *etag, int fd)
{
  guint64 size = (guint64) segment->size_bytes, offset, length;
  PotooWebRange range = get_range (request, etag, size, &offset, &length);
  g_autoptr (PotooWebBody) body = potoo_web_body_new_file (fd, offset, length);
  struct stat st;

  if (fstat (fd, &st) != 0 || st.st_size < segment->size_bytes)
    {
      reply_short (request, segment);
      return;
    }
  if (range == POTOO_WEB_RANGE_UNSATISFIABLE)
    {
      reply_unsatisfiable (request, size);
      return;
    }
  if (!add_shift (request, segment, fd, body))
    return;
  set_headers (request, segment, etag);
  if (range == POTOO_WEB_RANGE_PART)
    {
      g_autofree char *content_range = g_strdup_printf ("bytes %" G_GUINT64_FORMAT
                                                        "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                                        offset, offset + length - 1, size);
      potoo_web_reply_set_header (request, "Content-Range", content_range);
    }
  potoo_web_reply_body (request, range == POTOO_WEB_RANGE_PART ? 206 : 200, MEDIA_TYPE,
                        g_steal_pointer (&body));
}

static void
get_media (PotooWebRequest *request)
{
  const PotooWebContext *context = potoo_web_request_get_context (request);
  const char *if_none_match = potoo_web_request_get_header (request,
                                                            POTOO_WEB_HEADER_IF_NONE_MATCH);
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSegment) segment = potoo_catalog_reader_get_segment (
      potoo_web_request_get_reader (request), potoo_web_request_get_number (request, "id"), &error);

  if (segment == NULL)
    {
      potoo_web_reply_error (request, error);
      return;
    }
  if (segment->state == POTOO_SEGMENT_DELETING)
    {
      potoo_web_reply_problem (request, POTOO_ERROR_NOT_FOUND, 0, NULL,
                               _ ("This segment is being deleted"));
      return;
    }
  g_autofree char *etag = make_etag (segment, potoo_web_request_get_number (request, "shift"));
  if (if_none_match != NULL && potoo_web_etag_matches (if_none_match, etag, FALSE))
    {
      set_headers (request, segment, etag);
      potoo_web_reply_empty (request, 304);
      return;
    }
  int fd = potoo_recorder_open_segment (context->recorder, segment, &error);
  if (fd < 0)
    potoo_web_reply_error (request, error);
  else
    reply_file (request, segment, etag, fd);
}

static const PotooWebParam params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SEGMENT, .in_path = TRUE, .summary = "The segment's id" },
  { .name = "shift",
    .type = POTOO_WEB_PARAM_INTEGER,
    .max = POTOO_PLAYLIST_MAX_SHIFT_NS,
    .summary = "Nanoseconds to add to all times in the file" },
  { NULL },
};

const PotooRoute potoo_web_media_routes[] = {
  { "GET", "/api/v1/segments/{id}/media.mp4", POTOO_WEB_RIGHT_VIEW, params, POTOO_WEB_BODY_NONE,
    get_media, "The file, with byte ranges" },
  { NULL },
};
