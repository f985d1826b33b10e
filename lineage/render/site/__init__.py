"""The partner reference as a site: one page for each partner, data sets, systems, search; HTML and Markdown, no outside resources."""

from lineage.render.site.folder import write_folder
from lineage.render.site.pages import pages

__all__ = ["pages", "write_folder"]
