"""How Sphinx makes the documentation."""

project = "cube_volpool"
copyright = "the authors of cube_volpool"  # noqa: A001
extensions = [
    "cliff.sphinxext",
    "openstackdocstheme",
    "oslo_config.sphinxext",
]
root_doc = "index"
exclude_patterns = []
html_theme = "openstackdocs"
# Its own project, with its own bug tracker: neither is guessed from git.
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_bug_project = ""
openstackdocs_use_storyboard = False
html_title = "cube_volpool"
html_copy_source = False
html_show_sourcelink = False
