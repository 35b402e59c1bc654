"""Pages that work without JavaScript, by keyboard and screen reader, at 400 %, on a phone (decision 20)."""

from shared.web.markdown import markdown_to_html
from shared.web.pages import Pages, error_page
from shared.web.styles import styles_router

__all__ = ["Pages", "error_page", "markdown_to_html", "styles_router"]
