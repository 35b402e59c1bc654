"""All routers of the learner's pages."""

from services.backpack.web.account import router as account
from services.backpack.web.badges import router as badges
from services.backpack.web.entering import router as entering
from services.backpack.web.importing import router as importing
from services.backpack.web.my_shares import router as my_shares
from services.backpack.web.rendering import error_page

pages = (entering, badges, importing, my_shares, account)

__all__ = ["error_page", "pages"]
