/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/base/gstbytewriter.h>

G_BEGIN_DECLS

/* Writing ISO-BMFF boxes (ISO/IEC 14496-12, 4.2): begin returns a mark, end
 * fills in the size. Boxes nest. */

static inline guint
potoo_box_begin (GstByteWriter *w, const char *type)
{
  guint mark = gst_byte_writer_get_size (w);
  gst_byte_writer_put_uint32_be (w, 0);
  gst_byte_writer_put_data (w, (const guint8 *) type, 4);
  return mark;
}

static inline guint
potoo_full_box_begin (GstByteWriter *w, const char *type, guint8 version, guint32 flags)
{
  guint mark = potoo_box_begin (w, type);
  gst_byte_writer_put_uint8 (w, version);
  gst_byte_writer_put_uint24_be (w, flags);
  return mark;
}

static inline void
potoo_box_end (GstByteWriter *w, guint mark)
{
  guint end = gst_byte_writer_get_size (w);
  gst_byte_writer_set_pos (w, mark);
  gst_byte_writer_put_uint32_be (w, end - mark);
  gst_byte_writer_set_pos (w, end);
}

G_END_DECLS
