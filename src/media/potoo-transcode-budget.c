/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-transcode-budget.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-metrics.h"

/* Decoding JPEG, converting and encoding a pixel, before anything was measured: a desktop of 2020
 * takes 6 to 10. */
#define DEFAULT_PIXEL_NS 12.0
#define LEARN_PARTS 4.0
/* Small pictures cost more for each pixel, and tell nothing of large ones. */
#define LEARN_PIXELS (640 * 360)
#define MAX_SHARE 900 /* an encoder has one thread, which must keep up */
/* The largest that the encoder makes: 36,864 macroblocks (ITU-T H.264, table A-1, level 5.2). What
 * a camera says of itself is what memory is taken by, several times over. */
#define MAX_PIXELS (36864 * 256)

struct _PotooTranscodeBudget
{
  guint capacity;
  GMutex lock; /* protects what follows, and the shares */
  guint load;  /* of all shares */
  double pixel_ns;
  PotooMetric *load_metric, *refused;
};

struct _PotooTranscodeShare
{
  PotooTranscodeBudget *budget;
  guint64 pixels; /* of a picture */
  guint load;
};

PotooTranscodeBudget *
potoo_transcode_budget_new (guint n_processors)
{
  PotooTranscodeBudget *budget = g_new0 (PotooTranscodeBudget, 1);

  g_mutex_init (&budget->lock);
  budget->capacity = MAX (n_processors, 1) * 1000 / 2;
  budget->pixel_ns = DEFAULT_PIXEL_NS;
  budget->load_metric = potoo_metric_new_gauge (
      "potoo_transcode_load_thousandths",
      "Processor time that encoding video takes, in thousandths of a processor.", NULL);
  budget->refused = potoo_metric_new_counter (
      "potoo_transcode_refused_total", "Video that was not encoded for want of processors.", NULL);
  return budget;
}

void
potoo_transcode_budget_free (PotooTranscodeBudget *budget)
{
  g_warn_if_fail (budget->load == 0);
  potoo_metric_unref (budget->load_metric);
  potoo_metric_unref (budget->refused);
  g_mutex_clear (&budget->lock);
  g_free (budget);
}

PotooTranscodeBudget *
potoo_transcode_budget_get (void)
{
  static PotooTranscodeBudget *budget;

  if (g_once_init_enter (&budget))
    g_once_init_leave (&budget, potoo_transcode_budget_new (g_get_num_processors ()));
  return budget;
}

guint
potoo_transcode_budget_get_load (PotooTranscodeBudget *budget)
{
  g_mutex_lock (&budget->lock);
  guint load = budget->load;
  g_mutex_unlock (&budget->lock);
  return load;
}

static void
set_share_load (PotooTranscodeShare *share, guint load)
{
  PotooTranscodeBudget *budget = share->budget;

  budget->load = budget->load - share->load + load;
  share->load = load;
  potoo_metric_set (budget->load_metric, budget->load);
}

static void
refuse (PotooTranscodeBudget *budget, guint64 pixels, guint wanted, guint used, GError **error)
{
  potoo_metric_add (budget->refused, 1);
  if (pixels > MAX_PIXELS && wanted <= MAX_SHARE)
    g_set_error (
        error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
        _ ("This machine encodes pictures of at most %.1f megapixels, and the camera's have "
           "%.1f; lower the picture size in the camera, or let it send H.264"),
        MAX_PIXELS / 1e6, (double) pixels / 1e6);
  else if (wanted > MAX_SHARE)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                 _ ("This machine is too slow to encode this video: it would take %.1f "
                    "processors, and one is the most; lower picture size or rate in the camera, or "
                    "let it send H.264"),
                 wanted / 1000.0);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                 _ ("This machine has no processor time left to encode this video: it would take "
                    "%.2f processors, and %.2f of the %.1f for such work are in use; lower picture "
                    "size or rate in the camera, or let it send H.264"),
                 wanted / 1000.0, used / 1000.0, budget->capacity / 1000.0);
}

PotooTranscodeShare *
potoo_transcode_budget_take (PotooTranscodeBudget *budget,
                             guint width,
                             guint height,
                             double fps,
                             GError **error)
{
  PotooTranscodeShare *share = g_new0 (PotooTranscodeShare, 1);

  share->budget = budget;
  share->pixels = (guint64) MAX (width, 1) * MAX (height, 1);
  g_mutex_lock (&budget->lock);
  double wanted = (double) share->pixels * CLAMP (fps, 0.1, 240.0) * budget->pixel_ns / 1e6;
  guint load = (guint) MIN (wanted + 1, G_MAXINT);
  guint used = budget->load;
  gboolean admitted = share->pixels <= MAX_PIXELS && load <= MAX_SHARE &&
                      used + load <= budget->capacity;
  if (admitted)
    set_share_load (share, load);
  g_mutex_unlock (&budget->lock);
  if (admitted)
    return share;
  refuse (budget, share->pixels, load, used, error);
  g_free (share);
  return NULL;
}

void
potoo_transcode_share_measure (PotooTranscodeShare *share,
                               guint n_pictures,
                               gint64 cpu_us,
                               gint64 elapsed_us)
{
  PotooTranscodeBudget *budget = share->budget;

  if (n_pictures == 0 || cpu_us <= 0 || elapsed_us <= 0)
    return;
  double pixel_ns = (double) cpu_us * 1000 / ((double) share->pixels * n_pictures);
  g_mutex_lock (&budget->lock);
  if (share->pixels >= LEARN_PIXELS)
    budget->pixel_ns += (pixel_ns - budget->pixel_ns) / LEARN_PARTS;
  set_share_load (share, (guint) MIN (cpu_us * 1000 / elapsed_us, G_MAXINT));
  g_mutex_unlock (&budget->lock);
}

void
potoo_transcode_share_free (PotooTranscodeShare *share)
{
  g_mutex_lock (&share->budget->lock);
  set_share_load (share, 0);
  g_mutex_unlock (&share->budget->lock);
  g_free (share);
}
