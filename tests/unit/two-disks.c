/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "two-disks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "record/potoo-root-care.h"
#include "record/potoo-writer-set.h"

#define STALL_US (300 * 1000)

int disks_fault;
int disks_full;
int disks_hang;
static PotooDiskCalls real_calls;
static int n_hanging;
static GMutex fault_lock;
static GCond fault_cond;

static gboolean
is_on_main (int fd)
{
  char target[4096];
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  ssize_t n = readlink (link, target, sizeof target - 1);

  target[MAX (n, 0)] = '\0';
  return strstr (target, "/recordings") != NULL;
}

static gboolean
fails (int fd)
{
  gboolean on_main = is_on_main (fd);

  g_mutex_lock (&fault_lock);
  n_hanging++;
  while (on_main ? disks_hang : disks_hang == DISKS_EVERYWHERE)
    g_cond_wait (&fault_cond, &fault_lock);
  n_hanging--;
  errno = on_main ? disks_fault : 0;
  g_mutex_unlock (&fault_lock);
  return errno != 0;
}

static ssize_t
faulty_writev (int fd, const struct iovec *iov, int n)
{
  return fails (fd) ? -1 : writev (fd, iov, n);
}

static ssize_t
faulty_pwrite (int fd, const void *data, size_t size, off_t offset)
{
  return fails (fd) ? -1 : pwrite (fd, data, size, offset);
}

static int
faulty_fdatasync (int fd)
{
  return fails (fd) ? -1 : fdatasync (fd);
}

static int
faulty_fstatvfs (int fd, struct statvfs *st)
{
  int result = fstatvfs (fd, st);
  g_mutex_lock (&fault_lock);
  if (disks_full && is_on_main (fd))
    st->f_bavail = st->f_blocks / 100 - (16 << 20) / st->f_frsize; /* a little less than 1 % */
  g_mutex_unlock (&fault_lock);
  return result;
}

void
disks_set (int *which, int value)
{
  g_mutex_lock (&fault_lock);
  *which = value;
  g_cond_broadcast (&fault_cond);
  g_mutex_unlock (&fault_lock);
}

int
disks_count_hanging (void)
{
  g_mutex_lock (&fault_lock);
  int n = n_hanging;
  g_mutex_unlock (&fault_lock);
  return n;
}

void
disks_add_root (Recording *r, const char *name, const char *options)
{
  g_free (r->options);
  r->options = g_strdup_printf ("segment-duration=10s\nsync-interval=250ms\n"
                                "[storage-root %s]\npath=%s/%s\n%s",
                                name, r->directory, name, options);
}

void
disks_set_up (Recording *r, gconstpointer data)
{
  real_calls = potoo_disk_calls;
  potoo_disk_calls = (PotooDiskCalls){ faulty_writev, faulty_pwrite, faulty_fdatasync,
                                       faulty_fstatvfs };
  disks_fault = disks_full = disks_hang = 0;
  potoo_stall_us = STALL_US;
  potoo_trust_us = DISKS_TRUST_US;
  potoo_probe_us = 100 * 1000;
  recording_set_up (r);
  disks_add_root (r, "spare", "min-free=1\npriority=10");
  recording_start (r);
}

void
disks_tear_down (Recording *r, gconstpointer data)
{
  disks_set (&disks_hang, 0);
  disks_set (&disks_fault, 0);
  recording_tear_down (r);
  potoo_disk_calls = real_calls;
}

PotooRootState
disks_state_of (Recording *r, const char *name)
{
  PotooRootState state = POTOO_ROOT_OK;
  gboolean found = FALSE;
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);

  for (guint i = 0; i < roots->len; i++)
    {
      const PotooRootStatus *status = roots->pdata[i];
      g_assert_true ((status->state == POTOO_ROOT_OK) == (status->reason == NULL));
      if (g_str_equal (status->name, name))
        {
          state = status->state;
          found = TRUE;
        }
    }
  g_assert_true (found);
  return state;
}

gint64
disks_row_of (Recording *r, const char *name)
{
  g_autoptr (GPtrArray) roots = potoo_recorder_list_roots (r->recorder);
  for (guint i = 0; i < roots->len; i++)
    if (g_str_equal (((PotooRootStatus *) roots->pdata[i])->name, name))
      return ((PotooRootStatus *) roots->pdata[i])->row_id;
  return 0;
}

const PotooSegment *
disks_segment_at (GPtrArray *segments, guint i)
{
  g_assert_cmpuint (i, <, segments->len);
  return segments->pdata[i];
}

const PotooGap *
disks_gap_at (GPtrArray *gaps, guint i)
{
  g_assert_cmpuint (i, <, gaps->len);
  return gaps->pdata[i];
}

guint
disks_check_ledger (Recording *r)
{
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  guint n = 0;

  for (guint i = 0; i < segments->len; i++)
    {
      const PotooSegment *s = disks_segment_at (segments, i);
      n += s->state == POTOO_SEGMENT_CLOSED ? recording_check_file (r, s)
                                            : (guint) (s->duration_ticks / POTOO_VIDEO_TIMESCALE);
      if (i == 0)
        continue;
      gint64 at_us = disks_segment_at (segments, i - 1)->end_us;
      for (guint j = 0; j < gaps->len; j++)
        if (disks_gap_at (gaps, j)->start_us == at_us && at_us < s->start_us)
          at_us = disks_gap_at (gaps, j)->end_us;
      g_assert_cmpint (at_us, ==, s->start_us);
    }
  for (guint j = 0; j < gaps->len; j++)
    for (guint i = 0; i < segments->len; i++)
      g_assert_true (disks_gap_at (gaps, j)->start_us >= disks_segment_at (segments, i)->end_us ||
                     disks_gap_at (gaps, j)->end_us <= disks_segment_at (segments, i)->start_us);
  return n;
}

gint64
disks_declared_us (Recording *r)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  gint64 sum_us = 0;
  for (guint i = 0; i < gaps->len; i++)
    if (disks_gap_at (gaps, i)->cause != POTOO_GAP_DISCONNECTED &&
        disks_gap_at (gaps, i)->cause != POTOO_GAP_SHUTDOWN)
      sum_us += disks_gap_at (gaps, i)->end_us - disks_gap_at (gaps, i)->start_us;
  return sum_us;
}

void
disks_record (Recording *r, guint n, MediaFlags flags)
{
  recording_push_many (r, n, flags);
  recording_wait_handled (r);
}

void
disks_begin_on_main (Recording *r)
{
  recording_plan (r, TRUE);
  disks_record (r, 6, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  disks_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") >= 1);
  g_usleep (20000);
}

static gboolean
is_any_open (Recording *r)
{
  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  gboolean open = FALSE;
  for (guint i = 0; i < segments->len; i++)
    open |= ((PotooSegment *) segments->pdata[i])->state == POTOO_SEGMENT_OPEN;
  return open;
}

void
disks_finish (Recording *r)
{
  recording_plan (r, FALSE);
  disks_wait_for (!is_any_open (r));
}

void
disks_push_until_moved (Recording *r)
{
  gint64 moved = 0;

  for (guint i = 0; moved <= 0; i++)
    {
      g_assert_cmpuint (i, <, 100);
      recording_push (r, i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
      for (guint j = 0; j < 20; j++)
        {
          g_main_context_iteration (NULL, FALSE);
          g_usleep (2000);
        }
      moved = recording_get_metric ("potoo_storage_syncs_total{root=\"spare\"}");
    }
}
