/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "ctl/potoo-ctl-table.h"

#include <glib/gi18n-lib.h>

#include "ctl/potoo-ctl-text.h"

#define SPACE 2      /* between columns */
#define MIN_WRAP 24  /* narrower than this only when nothing else helps */
#define LEAST_WRAP 8 /* and then nothing is cut yet */
#define MIN_WIDTH 4

struct _PotooCtlTable
{
  const PotooCtlColumn *columns;
  guint n_columns;
  GPtrArray *cells; /* row by row */
  guint *natural;   /* widths of the columns */
  guint *widths;    /* … as they are shown; 0: not at all */
};

PotooCtlTable *
potoo_ctl_table_new (const PotooCtlColumn *columns)
{
  PotooCtlTable *self = g_new0 (PotooCtlTable, 1);

  self->columns = columns;
  while (columns[self->n_columns].title != NULL)
    self->n_columns++;
  self->cells = g_ptr_array_new_with_free_func (g_free);
  self->natural = g_new0 (guint, self->n_columns);
  self->widths = g_new0 (guint, self->n_columns);
  return self;
}

void
potoo_ctl_table_free (PotooCtlTable *self)
{
  g_ptr_array_unref (self->cells);
  g_free (self->natural);
  g_free (self->widths);
  g_free (self);
}

void
potoo_ctl_table_add (PotooCtlTable *self, const char *text)
{
  g_ptr_array_add (self->cells, potoo_ctl_text_clean (text != NULL ? text : ""));
}

void
potoo_ctl_table_take (PotooCtlTable *self, char *text)
{
  potoo_ctl_table_add (self, text);
  g_free (text);
}

guint
potoo_ctl_table_get_n_rows (PotooCtlTable *self)
{
  return self->cells->len / self->n_columns;
}

/* --- widths --- */

static const char *
get_title (PotooCtlTable *self, guint column)
{
  const char *title = self->columns[column].title;

  return title[0] != '\0' ? _ (title) : "";
}

static void
measure (PotooCtlTable *self)
{
  for (guint i = 0; i < self->n_columns; i++)
    self->natural[i] = self->columns[i].flags & POTOO_CTL_COLUMN_SPARSE
                           ? 0
                           : potoo_ctl_text_width (get_title (self, i), -1);
  for (guint i = 0; i < self->cells->len; i++)
    {
      guint column = i % self->n_columns;
      guint width = potoo_ctl_text_width (self->cells->pdata[i], -1);
      self->natural[column] = MAX (self->natural[column], width);
    }
  for (guint i = 0; i < self->n_columns; i++)
    if (self->natural[i] > 0)
      self->natural[i] = MAX (self->natural[i], potoo_ctl_text_width (get_title (self, i), -1));
}

static guint
get_total (PotooCtlTable *self)
{
  guint total = 0;

  for (guint i = 0; i < self->n_columns; i++)
    if (self->widths[i] > 0)
      total += self->widths[i] + (total > 0 ? SPACE : 0);
  return total;
}

/* Takes from the widest column of those with @flag, but not below @least. */
static gboolean
shrink (PotooCtlTable *self, guint excess, guint flag, guint least)
{
  int widest = -1;

  for (guint i = 0; i < self->n_columns; i++)
    if ((flag == 0 || self->columns[i].flags & flag) && self->widths[i] > least &&
        (widest < 0 || self->widths[i] > self->widths[widest]))
      widest = (int) i;
  if (widest < 0)
    return FALSE;
  self->widths[widest] -= MIN (excess, self->widths[widest] - least);
  return TRUE;
}

/* The column that goes next; everything else has its full width again. */
static gboolean
drop (PotooCtlTable *self)
{
  int victim = -1;

  for (guint i = 0; i < self->n_columns; i++)
    if (self->columns[i].drop > 0 && self->natural[i] > 0 &&
        (victim < 0 || self->columns[i].drop > self->columns[victim].drop))
      victim = (int) i;
  if (victim < 0)
    return FALSE;
  self->natural[victim] = 0;
  for (guint i = 0; i < self->n_columns; i++)
    self->widths[i] = self->natural[i];
  return TRUE;
}

static void
fit (PotooCtlTable *self, guint width)
{
  measure (self);
  for (guint i = 0; i < self->n_columns; i++)
    self->widths[i] = self->natural[i];
  while (width > 0)
    {
      guint total = get_total (self);
      if (total <= width)
        return;
      if (!shrink (self, total - width, POTOO_CTL_COLUMN_WRAP, MIN_WRAP) && !drop (self) &&
          !shrink (self, total - width, POTOO_CTL_COLUMN_WRAP, LEAST_WRAP) &&
          !shrink (self, 1, 0, MIN_WIDTH))
        return;
    }
}

/* --- lines --- */

static void
append_cell (PotooCtlTable *self, GString *line, guint column, const char *text, guint position)
{
  guint width = potoo_ctl_text_width (text, -1);
  guint filled = self->widths[column] - MIN (width, self->widths[column]);
  gboolean right = (self->columns[column].flags & POTOO_CTL_COLUMN_RIGHT) != 0;

  if (text[0] == '\0')
    return;
  guint target = position + (right ? filled : 0);
  for (guint at = potoo_ctl_text_width (line->str, -1); at < target; at++)
    g_string_append_c (line, ' ');
  g_string_append (line, text);
}

static GPtrArray *
split_cell (PotooCtlTable *self, guint column, const char *text)
{
  if (self->columns[column].flags & POTOO_CTL_COLUMN_WRAP)
    return potoo_ctl_text_wrap (text, self->widths[column]);
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (lines, potoo_ctl_text_shorten (text, self->widths[column]));
  return lines;
}

/* @texts: one for each column, of which as many lines are made as the tallest cell has. */
static void
append_row (PotooCtlTable *self, GString *out, const char *const *texts)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  guint n_lines = 1;

  for (guint i = 0; i < self->n_columns; i++)
    {
      GPtrArray *lines = split_cell (self, i, self->widths[i] > 0 ? texts[i] : "");
      n_lines = MAX (n_lines, lines->len);
      g_ptr_array_add (cells, lines);
    }
  for (guint n = 0; n < n_lines; n++)
    {
      g_autoptr (GString) line = g_string_new (NULL);
      guint position = 0;
      for (guint i = 0; i < self->n_columns; i++)
        {
          const GPtrArray *lines = cells->pdata[i];
          if (self->widths[i] == 0)
            continue;
          append_cell (self, line, i, n < lines->len ? lines->pdata[n] : "", position);
          position += self->widths[i] + SPACE;
        }
      g_string_append_printf (out, "%s\n", line->str);
    }
}

static void
append_titles (PotooCtlTable *self, GString *out)
{
  g_autofree const char **titles = g_new0 (const char *, self->n_columns);
  gboolean any = FALSE;

  for (guint i = 0; i < self->n_columns; i++)
    {
      titles[i] = get_title (self, i);
      any = any || titles[i][0] != '\0';
    }
  if (any)
    append_row (self, out, titles);
}

char *
potoo_ctl_table_render (PotooCtlTable *self, guint width)
{
  GString *out = g_string_new (NULL);

  fit (self, width);
  append_titles (self, out);
  for (guint i = 0; i + self->n_columns <= self->cells->len; i += self->n_columns)
    append_row (self, out, (const char *const *) self->cells->pdata + i);
  return g_string_free (out, FALSE);
}
