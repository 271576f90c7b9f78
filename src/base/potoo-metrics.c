/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The registry is a table of families by name, each with its series by labels.
 * `registry_lock` protects the families and their series; values are atomic. */

#include "base/potoo-metrics.h"

#include <stdarg.h>
#include <string.h>

typedef enum
{
  METRIC_COUNTER,
  METRIC_GAUGE,
} MetricType;

typedef struct
{
  char *name;
  char *help;
  MetricType type;
  guint n_metrics; /* alive, also such as are not printed any more */
  GTree *series;   /* labels → PotooMetric, both the metric's own */
} Family;

struct _PotooMetric
{
  gatomicrefcount ref_count;
  gint64 value; /* atomic */
  gint64 divisor;
  gint64 (*ask) (void); /* (nullable): for the value */
  Family *family;
  char *labels; /* `{camera="a"}` or "" */
};

static GMutex registry_lock;
static GHashTable *families;

static void
family_free (Family *family)
{
  g_free (family->name);
  g_free (family->help);
  g_tree_unref (family->series);
  g_free (family);
}

static Family *
family_get_locked (const char *name, const char *help, MetricType type)
{
  if (families == NULL)
    families = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) family_free);

  Family *family = g_hash_table_lookup (families, name);
  if (family != NULL)
    {
      g_warn_if_fail (family->type == type);
      return family;
    }
  family = g_new0 (Family, 1);
  family->name = g_strdup (name);
  family->help = g_strdup (help);
  family->type = type;
  family->series = g_tree_new ((GCompareFunc) strcmp);
  g_hash_table_insert (families, family->name, family);
  return family;
}

/* Label values may hold any text: `\`, `"` and line feeds are escaped. */
static void
append_label_value (GString *out, const char *value)
{
  for (const char *c = value; *c != '\0'; c++)
    {
      if (*c == '\\' || *c == '"')
        g_string_append_c (out, '\\');
      if (*c == '\n')
        g_string_append (out, "\\n");
      else
        g_string_append_c (out, *c);
    }
}

static char *
format_labels (va_list args)
{
  GString *out = g_string_new (NULL);
  const char *name;

  while ((name = va_arg (args, const char *)) != NULL)
    {
      const char *value = va_arg (args, const char *);
      g_string_append_printf (out, "%s%s=\"", out->len == 0 ? "{" : ",", name);
      append_label_value (out, value);
      g_string_append_c (out, '"');
    }
  if (out->len > 0)
    g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

static PotooMetric *
metric_new (const char *name, const char *help, MetricType type, va_list args)
{
  PotooMetric *metric = g_new0 (PotooMetric, 1);

  g_atomic_ref_count_init (&metric->ref_count);
  metric->divisor = 1;
  metric->labels = format_labels (args);
  g_mutex_lock (&registry_lock);
  metric->family = family_get_locked (name, help, type);
  metric->family->n_metrics++;
  g_tree_replace (metric->family->series, metric->labels, metric);
  g_mutex_unlock (&registry_lock);
  return metric;
}

PotooMetric *
potoo_metric_new_counter (const char *name, const char *help, ...)
{
  va_list args;
  va_start (args, help);
  PotooMetric *metric = metric_new (name, help, METRIC_COUNTER, args);
  va_end (args);
  return metric;
}

PotooMetric *
potoo_metric_new_gauge (const char *name, const char *help, ...)
{
  va_list args;
  va_start (args, help);
  PotooMetric *metric = metric_new (name, help, METRIC_GAUGE, args);
  va_end (args);
  return metric;
}

PotooMetric *
potoo_metric_new_asked (const char *name, const char *help, gint64 (*ask) (void))
{
  PotooMetric *metric = potoo_metric_new_gauge (name, help, NULL);

  g_atomic_pointer_set (&metric->ask, ask);
  return metric;
}

PotooMetric *
potoo_metric_ref (PotooMetric *metric)
{
  g_atomic_ref_count_inc (&metric->ref_count);
  return metric;
}

void
potoo_metric_unref (PotooMetric *metric)
{
  if (!g_atomic_ref_count_dec (&metric->ref_count))
    return;

  g_mutex_lock (&registry_lock);
  if (g_tree_lookup (metric->family->series, metric->labels) == metric)
    g_tree_remove (metric->family->series, metric->labels);
  if (--metric->family->n_metrics == 0)
    g_hash_table_remove (families, metric->family->name);
  if (g_hash_table_size (families) == 0)
    g_clear_pointer (&families, g_hash_table_unref);
  g_mutex_unlock (&registry_lock);
  g_free (metric->labels);
  g_free (metric);
}

PotooMetric *
potoo_metric_set_divisor (PotooMetric *metric, gint64 divisor)
{
  g_return_val_if_fail (divisor > 0, metric);
  metric->divisor = divisor;
  return metric;
}

void
potoo_metric_add (PotooMetric *metric, gint64 n)
{
  __atomic_fetch_add (&metric->value, n, __ATOMIC_RELAXED);
}

void
potoo_metric_set (PotooMetric *metric, gint64 value)
{
  __atomic_store_n (&metric->value, value, __ATOMIC_RELAXED);
}

void
potoo_metric_set_max (PotooMetric *metric, gint64 value)
{
  gint64 old = __atomic_load_n (&metric->value, __ATOMIC_RELAXED);
  while (old < value && !__atomic_compare_exchange_n (&metric->value, &old, value, TRUE,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}

gint64
potoo_metric_get (PotooMetric *metric)
{
  gint64 (*ask) (void) = g_atomic_pointer_get (&metric->ask);

  return ask != NULL ? ask () : __atomic_load_n (&metric->value, __ATOMIC_RELAXED);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* GTraverseFunc */
static gboolean
render_series (gpointer labels, gpointer data, gpointer user_data)
{
  const PotooMetric *metric = data;
  GString *out = user_data;
  gint64 value = potoo_metric_get (data);

  g_string_append_printf (out, "%s%s ", metric->family->name, metric->labels);
  if (metric->divisor == 1)
    g_string_append_printf (out, "%" G_GINT64_FORMAT, value);
  else
    {
      char number[G_ASCII_DTOSTR_BUF_SIZE];
      g_string_append (
          out, g_ascii_dtostr (number, sizeof number, (double) value / (double) metric->divisor));
    }
  g_string_append_c (out, '\n');
  return FALSE;
}

static void
render_family (GString *out, Family *family)
{
  if (g_tree_nnodes (family->series) == 0)
    return;
  g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
                          family->name, family->type == METRIC_COUNTER ? "counter" : "gauge");
  g_tree_foreach (family->series, render_series, out);
}

char *
potoo_metrics_render (void)
{
  GString *out = g_string_sized_new (4096);

  g_mutex_lock (&registry_lock);
  if (families != NULL)
    {
      guint n = 0;
      g_autofree const char **names = (const char **) g_hash_table_get_keys_as_array (families, &n);
      qsort (names, n, sizeof *names, compare_names);
      for (guint i = 0; i < n; i++)
        render_family (out, g_hash_table_lookup (families, names[i]));
    }
  g_mutex_unlock (&registry_lock);
  return g_string_free (out, FALSE);
}
