/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-sdp.h"

#include <string.h>

#define MANY 200
#define HUGE_BYTES 1000000
#define CHANGED_BYTES_PARTS 20
#define SPOILT_LINES_PARTS 4

typedef void (*SpoilFunc) (const char *sdp, GRand *random, GByteArray *out);

static void
append (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

/* From 0 to @n - 1; 0 when @n is 0. */
static guint
draw (GRand *random, gsize n)
{
  return n > 0 ? (guint) g_rand_int_range (random, 0, (gint32) n) : 0;
}

static void
leave_as_it_is (const char *sdp, GRand *random, GByteArray *out)
{
  append (out, sdp);
}

static void
leave_out (const char *sdp, GRand *random, GByteArray *out)
{
}

static void
cut (const char *sdp, GRand *random, GByteArray *out)
{
  g_byte_array_append (out, (const guint8 *) sdp, draw (random, strlen (sdp)));
}

static void
make_noise (const char *sdp, GRand *random, GByteArray *out)
{
  for (gsize i = strlen (sdp); i > 0; i--)
    {
      guint8 byte = (guint8) draw (random, 256);
      g_byte_array_append (out, &byte, 1);
    }
}

static void
change_bytes (const char *sdp, GRand *random, GByteArray *out)
{
  append (out, sdp);
  for (guint i = 0; i < out->len; i++)
    if (draw (random, CHANGED_BYTES_PARTS) == 0)
      out->data[i] = (guint8) draw (random, 256);
}

static void
change_lines (const char *sdp, GRand *random, GByteArray *out)
{
  g_auto (GStrv) lines = g_strsplit (sdp, "\r\n", -1);
  guint n = g_strv_length (lines);

  for (guint i = 0; i < n; i++)
    switch (draw (random, SPOILT_LINES_PARTS))
      {
      case 0: /* it lacks, or another comes in its place */
        if (draw (random, 2) == 0)
          break;
        append (out, lines[draw (random, n)]);
        append (out, "\r\n");
        break;
      case 1:
        append (out, lines[i]);
        append (out, "\r\n");
        G_GNUC_FALLTHROUGH;
      default:
        append (out, lines[i]);
        append (out, "\r\n");
      }
}

static void
change_numbers (const char *sdp, GRand *random, GByteArray *out)
{
  static const char *const numbers[] = {
    "0",   "-1",    "255",        "256",         "65535",
    "127", "65536", "2147483648", "-2147483649", "99999999999999999999",
  };

  while (*sdp != '\0')
    {
      gsize n = strspn (sdp, "0123456789");
      if (n == 0)
        g_byte_array_append (out, (const guint8 *) sdp++, 1);
      else if (draw (random, 2) == 0)
        append (out, numbers[draw (random, G_N_ELEMENTS (numbers))]);
      else
        g_byte_array_append (out, (const guint8 *) sdp, (guint) n);
      sdp += n;
    }
}

static void
multiply (const char *sdp, GRand *random, GByteArray *out)
{
  const char *media = strstr (sdp, "m=");

  append (out, sdp);
  for (guint i = 1; i < MANY && media != NULL; i++)
    append (out, media);
}

static void
make_huge (const char *sdp, GRand *random, GByteArray *out)
{
  append (out, sdp);
  append (out, "a=fmtp:96 x=");
  guint at = out->len;
  g_byte_array_set_size (out, at + HUGE_BYTES);
  memset (out->data + at, 'A', HUGE_BYTES);
  append (out, "\r\n");
}

static const struct
{
  const char *name;
  SpoilFunc spoil;
} kinds[POTOO_SIM_SDP_N_KINDS] = {
  [POTOO_SIM_SDP_GOOD] = { "good", leave_as_it_is },
  [POTOO_SIM_SDP_EMPTY] = { "empty", leave_out },
  [POTOO_SIM_SDP_CUT] = { "cut", cut },
  [POTOO_SIM_SDP_NOISE] = { "noise", make_noise },
  [POTOO_SIM_SDP_BYTES] = { "bytes", change_bytes },
  [POTOO_SIM_SDP_LINES] = { "lines", change_lines },
  [POTOO_SIM_SDP_NUMBERS] = { "numbers", change_numbers },
  [POTOO_SIM_SDP_MANY] = { "many", multiply },
  [POTOO_SIM_SDP_HUGE] = { "huge", make_huge },
};

const char *
potoo_sim_sdp_kind_name (PotooSimSdpKind kind)
{
  return kinds[kind].name;
}

gboolean
potoo_sim_sdp_kind_parse (const char *name, PotooSimSdpKind *kind)
{
  for (guint i = 0; i < POTOO_SIM_SDP_N_KINDS; i++)
    if (strcmp (kinds[i].name, name) == 0)
      {
        *kind = (PotooSimSdpKind) i;
        return TRUE;
      }
  return FALSE;
}

GByteArray *
potoo_sim_sdp_spoil (const char *sdp, PotooSimSdpKind kind, guint32 seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  GByteArray *out = g_byte_array_new ();

  kinds[kind].spoil (sdp, random, out);
  g_rand_free (random);
  return out;
}
