"""The site of the documents: `make docs` builds it into site/; every link is checked."""

project, author, copyright = "Mesocosm", "the Mesocosm authors", "the Mesocosm authors"
extensions = ["myst_parser"]
exclude_patterns = ["__pycache__"]
html_theme, html_title = "furo", "Mesocosm"
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2b6c99", "color-brand-content": "#2b6c99"},
    "dark_css_variables": {"color-brand-primary": "#7dbbe4", "color-brand-content": "#7dbbe4"},
}
myst_heading_anchors = 4
nitpicky = True
highlight_language = "text"
