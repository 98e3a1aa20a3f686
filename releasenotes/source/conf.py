"""How Sphinx makes the release notes."""

project = "cube_volpool release notes"
copyright = "the authors of cube_volpool"  # noqa: A001
extensions = ["reno.sphinxext"]
root_doc = "index"
html_theme = "alabaster"
html_copy_source = False
html_show_sourcelink = False
