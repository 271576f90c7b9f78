/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-time-reference.h"

struct _PotooTimeReference
{
  gatomicrefcount ref_count;
  GMutex lock; /* protects the pointer */
  GstElement *jitter_buffer;
};

PotooTimeReference *
potoo_time_reference_new (void)
{
  PotooTimeReference *reference = g_new0 (PotooTimeReference, 1);
  g_atomic_ref_count_init (&reference->ref_count);
  g_mutex_init (&reference->lock);
  return reference;
}

PotooTimeReference *
potoo_time_reference_ref (PotooTimeReference *reference)
{
  g_atomic_ref_count_inc (&reference->ref_count);
  return reference;
}

void
potoo_time_reference_unref (PotooTimeReference *reference)
{
  if (!g_atomic_ref_count_dec (&reference->ref_count))
    return;
  gst_clear_object (&reference->jitter_buffer);
  g_mutex_clear (&reference->lock);
  g_free (reference);
}

void
potoo_time_reference_set (PotooTimeReference *reference, GstElement *jitter_buffer)
{
  g_mutex_lock (&reference->lock);
  gst_object_replace ((GstObject **) &reference->jitter_buffer, GST_OBJECT (jitter_buffer));
  g_mutex_unlock (&reference->lock);
}

GstClockTime
potoo_time_reference_apply (PotooTimeReference *reference, GstClockTime time_ns)
{
  gint64 delay_ns = 0;

  g_mutex_lock (&reference->lock);
  if (reference->jitter_buffer != NULL)
    g_object_get (reference->jitter_buffer, "ts-offset", &delay_ns, NULL);
  g_mutex_unlock (&reference->lock);
  if (!GST_CLOCK_TIME_IS_VALID (time_ns) || (gint64) time_ns < delay_ns)
    return time_ns;
  return time_ns - (GstClockTime) delay_ns;
}
