"""Parley's entry: `python app.py`, `streamlit run app.py` or `uvicorn app:app`.

One process holds the page, the ingester and the database, because DuckDB lets only one.
"""

from __future__ import annotations

import sys

# Reading processes are started afresh and import this file under another name; they need no server.
if __name__ != "__mp_main__":
    from dashboard.server import build_app, serve
    from pipeline.errors import ParleyError
    from pipeline.settings import Settings

    try:
        settings = Settings.from_env()
        app = build_app(settings)
        if __name__ == "__main__":
            serve(app, settings)
    except ParleyError as error:
        sys.exit(f"error: {error}")
