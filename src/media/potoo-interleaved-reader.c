/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-interleaved-reader.h"

#include <string.h>

#define BUFFER_BYTES (128 * 1024)
#define HEADER_BYTES 4
#define MAX_MESSAGE_BYTES (32 * 1024)
#define MAX_METHOD 24 /* letters before the first space of a message */
#define RTP_VERSION 2

struct _PotooInterleavedReader
{
  guint8 *buffer;
  gsize start, end; /* of what is not taken yet */
  guint n_channels;
  gboolean lost; /* looking for a packet or message */
  guint64 garbage;
};

typedef enum
{
  IS_GARBAGE,
  IS_INCOMPLETE,
  IS_COMPLETE,
} Finding;

PotooInterleavedReader *
potoo_interleaved_reader_new (guint n_channels)
{
  PotooInterleavedReader *reader = g_new0 (PotooInterleavedReader, 1);
  reader->buffer = g_malloc (BUFFER_BYTES);
  reader->n_channels = n_channels;
  return reader;
}

void
potoo_interleaved_reader_free (PotooInterleavedReader *reader)
{
  g_free (reader->buffer);
  g_free (reader);
}

guint8 *
potoo_interleaved_reader_get_space (PotooInterleavedReader *reader, gsize *length)
{
  gsize left = reader->end - reader->start;

  if (reader->start > 0)
    memmove (reader->buffer, reader->buffer + reader->start, left);
  reader->start = 0;
  reader->end = left;
  *length = BUFFER_BYTES - left;
  return reader->buffer + left;
}

void
potoo_interleaved_reader_add (PotooInterleavedReader *reader, gsize length)
{
  g_return_if_fail (length <= BUFFER_BYTES - reader->end);

  reader->end += length;
}

static Finding
find_packet (PotooInterleavedReader *reader, PotooInterleavedItem *item)
{
  const guint8 *data = reader->buffer + reader->start;
  gsize available = reader->end - reader->start;

  if (available < HEADER_BYTES)
    return IS_INCOMPLETE;
  gsize length = ((gsize) data[2] << 8) | data[3];
  if (reader->lost)
    {
      if (data[1] >= reader->n_channels || length == 0)
        return IS_GARBAGE;
      if (available > HEADER_BYTES && data[HEADER_BYTES] >> 6 != RTP_VERSION)
        return IS_GARBAGE;
    }
  if (available < HEADER_BYTES + length)
    return IS_INCOMPLETE;
  *item = (PotooInterleavedItem){
    .is_packet = TRUE,
    .channel = data[1],
    .data = data + HEADER_BYTES,
    .length = length,
  };
  return IS_COMPLETE;
}

/* The length of the body that the header section @text announces. A field without a value is 0: no
 * number is looked for behind its line. */
static gsize
get_content_length (const char *text, gsize length)
{
  static const char name[] = "content-length:";

  for (const char *line = text; line != NULL && line < text + length;)
    {
      if (g_ascii_strncasecmp (line, name, strlen (name)) == 0)
        {
          const char *value = line + strlen (name);
          value += strspn (value, " \t");
          return g_ascii_isdigit (*value)
                     ? (gsize) MIN (g_ascii_strtoull (value, NULL, 10), MAX_MESSAGE_BYTES)
                     : 0;
        }
      line = memchr (line, '\n', (gsize) (text + length - line));
      line = line != NULL ? line + 1 : NULL;
    }
  return 0;
}

/* `RTSP/1.0 200 OK` and `GET_PARAMETER rtsp://…` begin with a word of capital letters. */
static Finding
find_message_start (const guint8 *data, gsize available)
{
  for (gsize i = 0; i < MIN (available, MAX_METHOD); i++)
    {
      if (i >= 3 && (data[i] == ' ' || data[i] == '/'))
        return IS_COMPLETE;
      if (!g_ascii_isupper (data[i]) && data[i] != '_')
        return IS_GARBAGE;
    }
  return available < MAX_METHOD ? IS_INCOMPLETE : IS_GARBAGE;
}

static Finding
find_message (PotooInterleavedReader *reader, PotooInterleavedItem *item)
{
  const guint8 *data = reader->buffer + reader->start;
  gsize available = reader->end - reader->start;
  Finding start = find_message_start (data, available);

  if (start != IS_COMPLETE)
    return start;
  const guint8 *blank = memmem (data, MIN (available, MAX_MESSAGE_BYTES), "\r\n\r\n", 4);
  if (blank == NULL)
    return available < MAX_MESSAGE_BYTES ? IS_INCOMPLETE : IS_GARBAGE;
  gsize header = (gsize) (blank - data) + 4;
  gsize length = header + get_content_length ((const char *) data, header);
  if (length > MAX_MESSAGE_BYTES)
    return IS_GARBAGE;
  if (available < length)
    return IS_INCOMPLETE;
  *item = (PotooInterleavedItem){ .data = data, .length = length };
  return IS_COMPLETE;
}

gboolean
potoo_interleaved_reader_next (PotooInterleavedReader *reader, PotooInterleavedItem *item)
{
  while (reader->start < reader->end)
    {
      gboolean dollar = reader->buffer[reader->start] == '$';
      Finding found = dollar ? find_packet (reader, item) : find_message (reader, item);
      if (found == IS_INCOMPLETE)
        return FALSE;
      if (found == IS_COMPLETE)
        {
          reader->lost = FALSE;
          reader->start += item->length + (dollar ? HEADER_BYTES : 0);
          return TRUE;
        }
      reader->lost = TRUE;
      reader->garbage++;
      reader->start++;
    }
  return FALSE;
}

guint64
potoo_interleaved_reader_get_garbage (PotooInterleavedReader *reader)
{
  return reader->garbage;
}
