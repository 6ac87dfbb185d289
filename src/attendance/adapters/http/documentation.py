"""The OpenAPI document, and pages to read it that load nothing from elsewhere."""

from importlib.util import find_spec

from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import RedocRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.router import Router
from litestar.static_files import create_static_files_router

from attendance.adapters.http.caller import BEARER

ASSETS = "/schema/assets"
NO_ICON = "<link rel='icon' href='data:,'>"


def openapi_config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="attendance",
        version=version,
        description=(
            'Who was there, who said so, and when. Every error is `{"error": "…"}`; '
            "a malformed request also lists `details`."
        ),
        path="/schema",
        components=Components(
            security_schemes={
                BEARER: SecurityScheme(
                    type="http", scheme="bearer", bearer_format="JWT", description="The token of POST /login."
                )
            }
        ),
        render_plugins=[
            SwaggerRenderPlugin(
                path=["/", "/swagger"],
                js_url=f"{ASSETS}/swagger_bundle.js",
                css_url=f"{ASSETS}/swagger_style.css",
                standalone_preset_js_url=f"{ASSETS}/swagger_preset.js",
                favicon=NO_ICON,
            ),
            RedocRenderPlugin(js_url=f"{ASSETS}/redoc.js", google_fonts=False, favicon=NO_ICON),
        ],
    )


def documentation_assets() -> Router:
    """The scripts and styles that the offapi package brings; importing it would read them all into memory."""
    package = find_spec("offapi")
    if package is None or package.submodule_search_locations is None:
        raise ModuleNotFoundError("offapi, which brings the scripts of the documentation, is not installed")
    return create_static_files_router(
        path=ASSETS,
        directories=list(package.submodule_search_locations),
        include_in_schema=False,
        cache_control=None,
    )
