"""Plans, reports and diagnostics as text: values in, ``str`` out. Nothing is written here."""
