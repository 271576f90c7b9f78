/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Holders are few enough to look at each when memory is short; while there is room none is looked
 * at. Under the lock a writer's lock may be taken (by a queue that wakes it), and nothing else. */

#include "record/potoo-fragment-memory.h"

struct _PotooFragmentMemory
{
  gatomicrefcount ref_count;
  gint64 max_bytes;
  GMutex lock;
  gint64 bytes;
  GPtrArray *holders; /* PotooFragmentHolder, not owned */
  PotooMetric *used, *bound;
};

PotooFragmentMemory *
potoo_fragment_memory_new (gint64 max_bytes, PotooMetric *used, PotooMetric *bound)
{
  PotooFragmentMemory *memory = g_new0 (PotooFragmentMemory, 1);

  g_atomic_ref_count_init (&memory->ref_count);
  g_mutex_init (&memory->lock);
  memory->max_bytes = max_bytes;
  memory->holders = g_ptr_array_new ();
  memory->used = used;
  memory->bound = bound;
  potoo_metric_set (bound, max_bytes);
  return memory;
}

PotooFragmentMemory *
potoo_fragment_memory_ref (PotooFragmentMemory *memory)
{
  g_atomic_ref_count_inc (&memory->ref_count);
  return memory;
}

void
potoo_fragment_memory_unref (PotooFragmentMemory *memory)
{
  if (!g_atomic_ref_count_dec (&memory->ref_count))
    return;
  g_ptr_array_unref (memory->holders);
  g_mutex_clear (&memory->lock);
  potoo_metric_unref (memory->used);
  potoo_metric_unref (memory->bound);
  g_free (memory);
}

gint64
potoo_fragment_memory_get_bytes (PotooFragmentMemory *memory)
{
  return potoo_metric_get (memory->used);
}

void
potoo_fragment_memory_lock (PotooFragmentMemory *memory)
{
  g_mutex_lock (&memory->lock);
}

void
potoo_fragment_memory_unlock (PotooFragmentMemory *memory)
{
  g_mutex_unlock (&memory->lock);
}

void
potoo_fragment_holder_init (PotooFragmentHolder *holder,
                            const PotooFragmentHolderClass *class,
                            PotooFragmentMemory *memory)
{
  holder->class = class;
  holder->memory = potoo_fragment_memory_ref (memory);
  g_mutex_lock (&memory->lock);
  g_ptr_array_add (memory->holders, holder);
  g_mutex_unlock (&memory->lock);
}

void
potoo_fragment_holder_clear (PotooFragmentHolder *holder)
{
  PotooFragmentMemory *memory = holder->memory;

  g_mutex_lock (&memory->lock);
  g_ptr_array_remove_fast (memory->holders, holder);
  g_mutex_unlock (&memory->lock);
  g_clear_pointer (&holder->memory, potoo_fragment_memory_unref);
}

/* --- under the lock --- */

void
potoo_fragment_holder_add (PotooFragmentHolder *holder, gint64 bytes)
{
  holder->bytes += bytes;
  holder->memory->bytes += bytes;
  potoo_metric_set (holder->memory->used, holder->memory->bytes);
}

/* Who gives way to a fragment of @holder. (nullable) */
static PotooFragmentHolder *
find_least (PotooFragmentHolder *holder)
{
  GPtrArray *holders = holder->memory->holders;
  PotooFragmentHolder *least = NULL;

  for (guint i = 0; i < holders->len; i++)
    {
      PotooFragmentHolder *other = holders->pdata[i];
      if (other->bytes == 0 || other->priority > holder->priority)
        continue;
      if (least == NULL || other->priority < least->priority ||
          (other->priority == least->priority &&
           other->class->weigh (other) > least->class->weigh (least)))
        least = other;
    }
  return least;
}

gboolean
potoo_fragment_holder_make_room (PotooFragmentHolder *holder, gint64 bytes, gpointer push)
{
  PotooFragmentMemory *memory = holder->memory;

  if (bytes > memory->max_bytes)
    return FALSE;
  while (memory->bytes + bytes > memory->max_bytes)
    {
      PotooFragmentHolder *least = find_least (holder);
      if (least == NULL || !least->class->give_way (least, push))
        return FALSE;
    }
  return TRUE;
}
