"""The page: a link becomes filters, filters become tables, tables become charts and lists.

    query parameters ─▶ links ─▶ View ─▶ queries (pipeline) ─▶ charts, listing ─▶ sections ─▶ page

`page` is the script Streamlit runs, `server` the application around it. `links`, `charts` and `listing` are pure.
"""
