"""How Sphinx makes the documentation."""

project = "cube_volpool"
copyright = "the authors of cube_volpool"  # noqa: A001
extensions = ["cliff.sphinxext", "oslo_config.sphinxext"]
root_doc = "index"
exclude_patterns = []
html_theme = "alabaster"
html_theme_options = {
    "description": "A pool of ready boot volumes for Cinder",
    "page_width": "60em",
    "fixed_sidebar": True,
}
html_copy_source = False
html_show_sourcelink = False
